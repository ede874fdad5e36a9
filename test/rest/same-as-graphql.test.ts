import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { prefix, routes } from "../../src/rest/routes.js";
import { fetchAsDescribed } from "./openapi-answers.js";
import { startRestWorld, type RestWorld } from "./world.js";

let world: RestWorld;
beforeAll(async () => {
  world = await startRestWorld();
});
afterAll(() => world.stop());

type Facts = Record<string, unknown>;

interface Comparison {
  /** With the route's placeholder filled in. */
  asked: (names: ReadonlyMap<string, string>) => string;
  /** Of the same thing; `$id` is what fills the placeholder. */
  query: string;
  /** What GraphQL tells, as REST writes it. */
  facts: (data: Facts) => unknown;
  /** The same facts in REST's answer. */
  told?: (body: Facts) => unknown;
}

/** GraphQL's names and words as REST writes them: snake_case, ids as numbers, enums in small letters. */
function asRest(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => asRest(one));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        asRest(one, name),
      ]),
    );
  }
  if (typeof value !== "string") return value;
  if (/(^|[a-z])I?d$/.test(key) && /^\d+$/.test(value)) return Number(value);
  return /^[A-Z_]+$/.test(value) ? value.toLowerCase() : value;
}

const renamed = (value: unknown, name: string): Facts => {
  const { id, ...others } = asRest(value) as Facts;
  return { [name]: id, ...others };
};
const rows = (page: unknown, name: string) => (page as { nodes: unknown[] }).nodes.map((node) => renamed(node, name));

const failure = `id operation direction errorClass errorSummary retryCount maxRetriesReached nextRetryAt startedAt appointmentId`;
const attempt = `${failure} connectionId status finishedAt durationMs correlationId`;
const connection = "id provider status accountEmail calendarName lastSyncAt lastSyncCursor createdAt updatedAt";
const result = "result { status correlationId syncedCount }";

/** By route: each row of the table has one, except those that ask GraphQL nothing. */
const comparisons: Record<string, Comparison> = {
  "connections/{id}/sync-status/": {
    asked: () => "123",
    query: `query ($id: ID!) { syncStatus(connectionId: $id) { connectionId provider status lastSyncAt lastSyncCursor statistics {
      totalAttempts successes failures maxRetriesReached pendingRetry eligibleForRetry
      errorBreakdown { transient nonRetryable rateLimited } lastSuccessfulSync lastSyncCursor } } }`,
    facts: ({ syncStatus }) => asRest(syncStatus),
    told: (body) => ({ ...body, statistics: { ...(body["statistics"] as Facts), success_rate: undefined } }),
  },
  "connections/{id}/failed-attempts/": {
    asked: () => "123",
    query: `query ($id: ID!) { failedAttempts(connectionId: $id, first: 200) { totalCount nodes { ${failure} } } }`,
    facts: ({ failedAttempts }) => rows(failedAttempts, "attempt_id"),
    told: ({ failed_attempts: failed }) => failed,
  },
  "sync-attempts/failed/": {
    asked: () => "",
    query: `{ failedAttempts { nodes { ${failure} connectionId } } }`,
    facts: ({ failedAttempts }) => rows(failedAttempts, "attempt_id"),
    told: ({ results }) => results,
  },
  "sync-runs/{correlation_id}/": {
    asked: () => "00000000-0000-4000-8000-000000000456",
    query: `query ($id: ID!) { syncRun(correlationId: $id) { correlationId operation direction status errorClass errorSummary
      nextRetryAt createdAt finishedAt } }`,
    facts: ({ syncRun }) => asRest(syncRun),
    told: (body) => ({ ...body, connection_id: undefined, appointment_id: undefined, synced_count: undefined }),
  },
  "connections/": {
    asked: () => "",
    query: `{ calendarConnections { nodes { ${connection} } } }`,
    facts: ({ calendarConnections }) => rows(calendarConnections, "connection_id"),
    told: ({ results }) => results,
  },
  "connections/{id}/": {
    asked: () => "123",
    query: `query ($id: ID!) { calendarConnection(id: $id) { ${connection} } }`,
    facts: ({ calendarConnection }) => renamed(calendarConnection, "connection_id"),
  },
  "sync-attempts/": {
    asked: () => "",
    query: `{ syncAttempts { nodes { ${attempt} } } }`,
    facts: ({ syncAttempts }) => rows(syncAttempts, "attempt_id"),
    told: ({ results }) => results,
  },
  "sync-attempts/{id}/": {
    asked: () => "789",
    query: `query ($id: ID!) { syncAttempt(id: $id) { ${attempt} } }`,
    facts: ({ syncAttempt }) => renamed(syncAttempt, "attempt_id"),
  },
  "connections/{id}/resync/": {
    asked: (names) => String(names.get("google")),
    query: `mutation ($id: ID!) { resyncConnection(connectionId: $id) { message connectionId provider ${result} } }`,
    facts: ({ resyncConnection }) => asRest(resyncConnection),
  },
  "appointments/{id}/resync/": {
    asked: (names) => String(names.get("google appointment")),
    query: `mutation ($id: ID!) { resyncAppointment(appointmentId: $id) { message appointmentId externalEventId result { status correlationId } } }`,
    facts: ({ resyncAppointment }) => asRest(resyncAppointment),
  },
  "sync-attempts/{id}/replay/": {
    asked: (names) => String(names.get("limited attempt")),
    query: `mutation ($id: ID!) { replayAttempt(attemptId: $id) { message attemptId result { status correlationId errorClass errorSummary } } }`,
    facts: ({ replayAttempt }) => asRest(replayAttempt),
    told: (body) => ({ message: body["message"], attempt_id: body["attempt_id"], result: replayResult(body) }),
  },
};

function replayResult({ error, result }: Facts): Facts {
  return { ...(result as Facts), next_retry_at: undefined, error_summary: error };
}

/** Two deeds are two runs, and a second retry says so. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(value, (_name, one: unknown) => sorted(one));
  return JSON.parse(
    text.replace(/"correlation_id":"(?!00000000)[^"]+"/g, '"correlation_id":"-"').replace(/Retry \d+/g, "Retry"),
  );
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

const asking = routes.filter(({ document }) => document !== null);

test("every route that runs an operation is compared", () => {
  expect(Object.keys(comparisons).sort()).toEqual(asking.map(({ path }) => path).sort());
});

test.each(asking.map(({ path, method }) => [path, method]))("%s tells what GraphQL tells", async (path, method) => {
  const comparison = comparisons[path];
  if (!comparison) throw new Error("not compared");
  const { asked, query, facts, told = (body: Facts) => body } = comparison;
  const id = asked(world.names);
  const authorization = `Bearer ${await world.app.token("manager")}`;
  const url = `${world.app.url}${prefix}${path.replace(/\{\w+\}/, id)}`;
  const response = await fetchAsDescribed(url, { method, headers: { authorization } });
  const body = (await response.json()) as Facts;
  const data = await world.app.manager(query, id === "" ? {} : { id });
  expect(comparable(told(body))).toEqual(comparable(facts(data)));
});
