import fc from "fast-check";
import { prefix } from "../../src/rest/routes.js";
import { post } from "../support/graphql-server.js";
import {
  cancelAppointment,
  cancelRun,
  createAppointment,
  pause,
  refusalOfReplay,
  replay,
  resume,
  resyncAppointment,
  resyncConnection,
  updateAppointment,
  type Deed,
  type FirmModel,
  type ModelRun,
} from "./firm-model.js";

/** One request: who asks, for what, and for whose thing. Numbers choose among what there is. */
export interface Step {
  asker: number;
  act: keyof typeof acts;
  owner: number;
  which: number;
  more: number;
}

/** Where a sequence is played. */
export interface Stage {
  url: string;
  firmIds: readonly string[];
  tokens: readonly string[];
  models: readonly FirmModel[];
  /** Of any firm's lists, with the id that each stands after. */
  cursors: Record<"connections" | "runs" | "appointments", { cursor: string; after: string }[]>;
}

/** What was answered, and what the asker's own model says of it. */
interface Answered {
  told: unknown;
  expected: unknown;
}

interface Play extends Stage {
  step: Step;
  /** The asker's. */
  model: FirmModel;
  token: string;
}

type Kind = "connections" | "appointments" | "runs" | "attempts";

/** The thing of the owner's that the step is about: often the asker's own, else another firm's. */
function chosen({ models, step }: Play, kind: Kind): string {
  const ids = [...(models[step.owner]?.[kind].keys() ?? [])];
  return ids[step.which % ids.length] ?? "";
}

async function ask({ url, token }: Play, query: string, variables: object = {}) {
  const { data, errors } = await post(url, { query, variables }, token);
  const [error] = errors;
  const refused = error ? (error.extensions["reason"] ?? error.extensions["code"]) : null;
  return { data: (data ?? {}) as Record<string, unknown>, refused };
}

/** A read of one thing: itself, or NOT_FOUND. */
async function one(play: Play, query: string, id: string, expected: object | null): Promise<Answered> {
  const { data, refused } = await ask(play, query, { id });
  return { told: refused ?? data["one"], expected: expected ?? "NOT_FOUND" };
}

interface Listed {
  totalCount: number;
  edges: { cursor: string; node: { id: string } }[];
}

/** A page of two, after a cursor of any firm's, or from the beginning. `ids` are all, in the list's order. */
async function page(play: Play, list: keyof Stage["cursors"], ids: string[], field: string, variables: object = {}) {
  const known = play.cursors[list];
  const start = play.step.more % 2 === 0 ? undefined : known[play.step.which % Math.max(known.length, 1)];
  const declared = ["$after: String", ...("id" in variables ? ["$id: ID"] : [])].join(", ");
  const query = `query (${declared}) { list: ${field} { totalCount edges { cursor node { id } } } }`;
  const { data, refused } = await ask(play, query, { ...variables, after: start?.cursor ?? null });
  const { totalCount, edges } = (data["list"] ?? { totalCount: refused, edges: [] }) as Listed;
  known.push(...edges.map(({ cursor, node }) => ({ cursor, after: node.id })));
  const isLater = (id: string): boolean => {
    if (!start) return true;
    return list === "appointments" ? BigInt(id) > BigInt(start.after) : BigInt(id) < BigInt(start.after);
  };
  const expected = { totalCount: ids.length, ids: ids.filter(isLater).slice(0, 2) };
  return { told: { totalCount, ids: edges.map(({ node }) => node.id) }, expected };
}

function newestFirst(ids: Iterable<string>): string[] {
  return [...ids].sort((a, b) => (BigInt(a) < BigInt(b) ? 1 : -1));
}

interface NewRun {
  connectionId: string;
  appointmentId: string | null;
  kind: ModelRun["kind"];
}

/** A mutation; the run that it begins is noted in the asker's model. */
async function deed(play: Play, mutation: string, id: string, expected: Deed, begun?: () => NewRun): Promise<Answered> {
  const run = begun ? "run { id correlationId status }" : "";
  const more = mutation.includes("Appointment") && !mutation.startsWith("resync") ? "appointment { id title }" : "";
  const { data, refused } = await ask(play, `mutation ($id: ID!) { one: ${mutation} { ${run || "id"} ${more} } }`, {
    id,
  });
  if ("refused" in expected || refused !== null)
    return { told: refused, expected: "refused" in expected ? expected.refused : null };
  const told = data["one"] as { id?: string; run?: ToldRun; appointment?: { id: string; title: string } };
  if (!begun || !told.run) return { told: told.id ?? told.run, expected: id };
  if (expected.runId !== null) return { told: told.run.id, expected: expected.runId };
  return noteRun(play, told.run, begun(), told.appointment);
}

interface ToldRun {
  id: string;
  correlationId: string;
  status: string;
}

function noteRun(
  { model, models }: Play,
  { id, correlationId, status }: ToldRun,
  begun: NewRun,
  appointment?: { id: string; title: string },
): Answered {
  const isNew = models.every(({ runs }) => !runs.has(id));
  const appointmentId = begun.appointmentId ?? (begun.kind === "PUSH UPSERT" ? (appointment?.id ?? null) : null);
  model.runs.set(id, { ...begun, appointmentId, correlationId, status: "QUEUED" });
  if (appointment && !model.appointments.has(appointment.id)) {
    const { connectionId } = begun;
    model.appointments.set(appointment.id, {
      connectionId,
      hasEvent: false,
      title: appointment.title,
      status: "CONFIRMED",
    });
    model.audit.push(`appointment_created ${appointment.id}`);
  }
  return { told: { isNew, status }, expected: { isNew: true, status: "QUEUED" } };
}

/** A request to a REST route: its status, and of the body what `part` picks. */
async function rest(
  play: Play,
  path: string,
  method: string,
  expected: [number, unknown?],
  part?: (body: never) => unknown,
) {
  const headers = { authorization: `Bearer ${play.token}`, prefer: "respond-async" };
  const response = await fetch(`${play.url}${prefix}${path}`, { method, headers });
  const body = (await response.json()) as never;
  return { told: response.status === 200 && part ? [200, part(body)] : [response.status], expected };
}

const statusOfRefusal: Record<string, number> = { NOT_FOUND: 404, REPLAY_ACTIVE: 409, RESYNC_ACTIVE: 409 };

/** A REST action that the model has done, too. */
async function restDeed(play: Play, path: string, expected: Deed, begun: NewRun): Promise<Answered> {
  if ("refused" in expected) return rest(play, path, "POST", [statusOfRefusal[expected.refused] ?? 400]);
  const correlationOf = ({ result }: { result: { correlation_id: string } }): string => result.correlation_id;
  const { told } = await rest(play, path, "POST", [200], correlationOf);
  const correlationId = String(told[1]);
  const { data } = await ask(
    play,
    "query ($id: ID!) { one: syncRun(correlationId: $id) { id correlationId status } }",
    {
      id: correlationId,
    },
  );
  const run = data["one"] as ToldRun;
  if (expected.runId !== null) return { told: run.id, expected: expected.runId };
  return noteRun(play, run, begun);
}

function runOf({ model }: Play, id: string): object | null {
  const run = model.runs.get(id);
  return run ? { id, status: run.status } : null;
}

function openOf({ attempts, runs }: FirmModel, connectionId: string): string[] {
  const isOpen = ({ runId, state }: { runId: string; state: string }): boolean =>
    state === "OPEN" && runs.get(runId)?.connectionId === connectionId;
  return newestFirst([...attempts].filter(([, attempt]) => isOpen(attempt)).map(([id]) => id));
}

function correlationOf({ models, step }: Play, runId: string): string {
  return models[step.owner]?.runs.get(runId)?.correlationId ?? "";
}

/** What can be asked; each says what is told, and what the model of the asker's firm says should be. */
export const acts = {
  connection: (play: Play) => {
    const id = chosen(play, "connections");
    const known = play.model.connections.get(id);
    return one(
      play,
      "query ($id: ID!) { one: calendarConnection(id: $id) { id status } }",
      id,
      known ? { id, ...known } : null,
    );
  },
  connections: (play: Play) =>
    page(
      play,
      "connections",
      newestFirst(play.model.connections.keys()),
      "calendarConnections(first: 2, after: $after)",
    ),
  status: (play: Play) => {
    const id = chosen(play, "connections");
    const openFailures = openOf(play.model, id).length;
    const expected = play.model.connections.has(id) ? { connectionId: id, statistics: { openFailures } } : null;
    const query =
      "query ($id: ID!) { one: syncStatus(connectionId: $id) { connectionId statistics { openFailures } } }";
    return one(play, query, id, expected);
  },
  run: (play: Play) => {
    const id = chosen(play, "runs");
    const query = "query ($id: ID!) { one: syncRun(correlationId: $id) { id status } }";
    return one(play, query, correlationOf(play, id), runOf(play, id));
  },
  runs: (play: Play) => {
    const connectionId = chosen(play, "connections");
    const own = [...play.model.runs].filter(([, run]) => run.connectionId === connectionId).map(([id]) => id);
    const field = "syncRuns(first: 2, after: $after, connectionId: $id)";
    return page(play, "runs", newestFirst(own), field, { id: connectionId });
  },
  attempt: (play: Play) => {
    const id = chosen(play, "attempts");
    const state = play.model.attempts.get(id)?.state;
    const isReplayable = refusalOfReplay(play.model, id) === null && runStatusOf(play.model, id) === "FAILED";
    const query = "query ($id: ID!) { one: syncAttempt(id: $id) { id isReplayable } }";
    return one(play, query, id, state === undefined ? null : { id, isReplayable });
  },
  failures: async (play: Play): Promise<Answered> => {
    const id = chosen(play, "connections");
    const query = "query ($id: ID!) { one: failedAttempts(connectionId: $id) { totalCount nodes { id } } }";
    const open = openOf(play.model, id);
    return one(play, query, id, { totalCount: open.length, nodes: open.map((attempt) => ({ id: attempt })) });
  },
  appointment: (play: Play) => {
    const id = chosen(play, "appointments");
    const known = play.model.appointments.get(id);
    const query = "query ($id: ID!) { one: appointment(id: $id) { id title status } }";
    return one(play, query, id, known ? { id, title: known.title, status: known.status } : null);
  },
  appointments: (play: Play) => {
    const connectionId = chosen(play, "connections");
    const own = [...play.model.appointments].filter(([, one]) => one.connectionId === connectionId).map(([id]) => id);
    const field = "appointments(first: 2, after: $after, connectionId: $id)";
    return page(play, "appointments", newestFirst(own).reverse(), field, { id: connectionId });
  },
  audit: async (play: Play): Promise<Answered> => {
    const id = chosen(play, play.step.more % 2 === 0 ? "connections" : "appointments");
    const query = "query ($id: ID!) { one: auditEvents(resourceId: $id) { nodes { eventType resourceId } } }";
    const { data } = await ask(play, query, { id });
    play.model.audit.push(`audit_events_read ${String(play.firmIds[play.step.asker])}`);
    const { nodes } = data["one"] as { nodes: { eventType: string; resourceId: string }[] };
    const told = nodes.map(({ eventType, resourceId }) => `${eventType} ${resourceId}`).sort();
    return { told, expected: play.model.audit.filter((event) => event.endsWith(` ${id}`)).sort() };
  },
  pause: (play: Play) => {
    const id = chosen(play, "connections");
    return deed(play, "pauseConnection(connectionId: $id)", id, pause(play.model, id));
  },
  resume: (play: Play) => {
    const id = chosen(play, "connections");
    return deed(play, "resumeConnection(connectionId: $id)", id, resume(play.model, id));
  },
  resyncConnection: (play: Play) => {
    const connectionId = chosen(play, "connections");
    const begun = (): NewRun => ({ connectionId, appointmentId: null, kind: "RESYNC" });
    const mutation = "resyncConnection(connectionId: $id, waitSeconds: 0)";
    return deed(play, mutation, connectionId, resyncConnection(play.model, connectionId), begun);
  },
  resyncAppointment: (play: Play) => {
    const id = chosen(play, "appointments");
    const mutation = "resyncAppointment(appointmentId: $id, waitSeconds: 0)";
    return deed(play, mutation, id, resyncAppointment(play.model, id), () => of(play, id, "SINGLE"));
  },
  replay: (play: Play) => {
    const id = chosen(play, "attempts");
    const never = (): NewRun => ({ connectionId: "", appointmentId: null, kind: "RESYNC" });
    return deed(play, "replayAttempt(attemptId: $id, waitSeconds: 0)", id, replay(play.model, id), never);
  },
  cancelRun: (play: Play) => {
    const correlationId = correlationOf(play, chosen(play, "runs"));
    const never = (): NewRun => ({ connectionId: "", appointmentId: null, kind: "RESYNC" });
    return deed(play, "cancelSyncRun(correlationId: $id)", correlationId, cancelRun(play.model, correlationId), never);
  },
  createAppointment: (play: Play) => {
    const connectionId = chosen(play, "connections");
    const times = 'startsAt: "2026-03-01T09:00:00Z", endsAt: "2026-03-01T10:00:00Z"';
    const mutation = `createAppointment(connectionId: $id, title: "New", ${times}, waitSeconds: 0)`;
    const begun = (): NewRun => ({ connectionId, appointmentId: null, kind: "PUSH UPSERT" });
    return deed(play, mutation, connectionId, createAppointment(play.model, connectionId), begun);
  },
  updateAppointment: (play: Play) => {
    const id = chosen(play, "appointments");
    const title = `Visit ${play.step.more} by ${String(play.firmIds[play.step.asker])}`;
    const mutation = `updateAppointment(appointmentId: $id, title: "${title}", waitSeconds: 0)`;
    return deed(play, mutation, id, updateAppointment(play.model, id, title), () => of(play, id, "PUSH UPSERT"));
  },
  cancelAppointment: (play: Play) => {
    const id = chosen(play, "appointments");
    const mutation = "cancelAppointment(appointmentId: $id, waitSeconds: 0)";
    return deed(play, mutation, id, cancelAppointment(play.model, id), () => of(play, id, "PUSH DELETE"));
  },
  restConnection: (play: Play) => {
    const id = chosen(play, "connections");
    const known = play.model.connections.get(id);
    const statusIn = ({ status }: { status: string }): string => status;
    return rest(play, `connections/${id}/`, "GET", known ? [200, known.status.toLowerCase()] : [404], statusIn);
  },
  restFailures: (play: Play) => {
    const id = chosen(play, "connections");
    const idsIn = (body: { results: { attempt_id: number }[] }): string[] =>
      body.results.map(({ attempt_id: attemptId }) => String(attemptId));
    const expected: [number, unknown?] = play.model.connections.has(id) ? [200, openOf(play.model, id)] : [404];
    return rest(play, `connections/${id}/failed-attempts/`, "GET", expected, idsIn);
  },
  restRun: (play: Play) => {
    const id = chosen(play, "runs");
    const status = play.model.runs.get(id)?.status.toLowerCase();
    const statusIn = (body: { status: string }): string => body.status;
    const expected: [number, unknown?] = status === undefined ? [404] : [200, status];
    return rest(play, `sync-runs/${correlationOf(play, id)}/`, "GET", expected, statusIn);
  },
  restResync: (play: Play) => {
    const connectionId = chosen(play, "connections");
    const begun: NewRun = { connectionId, appointmentId: null, kind: "RESYNC" };
    return restDeed(play, `connections/${connectionId}/resync/`, resyncConnection(play.model, connectionId), begun);
  },
  restReplay: (play: Play) => {
    const id = chosen(play, "attempts");
    const never: NewRun = { connectionId: "", appointmentId: null, kind: "RESYNC" };
    return restDeed(play, `sync-attempts/${id}/replay/`, replay(play.model, id), never);
  },
} satisfies Record<string, (play: Play) => Promise<Answered>>;

function runStatusOf({ attempts, runs }: FirmModel, attemptId: string): string | undefined {
  return runs.get(attempts.get(attemptId)?.runId ?? "")?.status;
}

function of({ model }: Play, appointmentId: string, kind: ModelRun["kind"]): NewRun {
  return { connectionId: model.appointments.get(appointmentId)?.connectionId ?? "", appointmentId, kind };
}

/** @throws Error when the answer is not the model's */
export async function playStep(stage: Stage, step: Step): Promise<void> {
  const model = stage.models[step.asker];
  const token = stage.tokens[step.asker];
  if (!model || token === undefined) throw new Error("Nobody asks");
  const { told, expected } = await acts[step.act]({ ...stage, step, model, token });
  const [got, wanted] = [JSON.stringify(told), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${step.act} was answered ${got}, by the model ${wanted}`);
}

const actNames = Object.keys(acts) as (keyof typeof acts)[];
/** What a read would miss, the rows show at the end: most steps are deeds. */
const deeds: (keyof typeof acts)[] = [
  ...(["pause", "resume", "resyncConnection", "resyncAppointment", "replay", "cancelRun"] as const),
  ...(["createAppointment", "updateAppointment", "cancelAppointment", "restResync", "restReplay"] as const),
];

/** Mostly by one firm, about something of its own, and the first of its kind: so deeds meet what earlier ones have left. */
const steps: fc.Arbitrary<Step> = fc
  .record({
    asker: fc.constantFrom(0, 0, 1, 2),
    act: fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...deeds) }, fc.constantFrom(...actNames)),
    owner: fc.nat(2),
    isOwn: fc.constantFrom(true, true, false),
    which: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5, 6),
    more: fc.nat(9),
  })
  .map(({ isOwn, ...step }) => ({ ...step, owner: isOwn ? step.asker : step.owner }));

export const sequences = fc.noBias(fc.array(steps, { minLength: 4, maxLength: 8, size: "max" }));
