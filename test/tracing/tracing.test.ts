import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { ServerProcess } from "../support/server-process.js";
import { runTypeScript } from "../support/typescript-process.js";
import { OtlpReceiver, type ReceivedSpan } from "./otlp-receiver.js";

const account = "canary.person@example.test";
const clientTrace = "0af7651916cd43dd8448eb211c80319c";
const clientSpan = "b7ad6b7169203331";

let receiver: OtlpReceiver;
let installation: TestApp;
let api: ServerProcess;
let worker: ServerProcess;
let connection: string;

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  installation = await TestApp.start({ environment: { ROLES: "api" } });
  connection = await installation.connect(account);
  addEvents(installation.simulator, account, 3);
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  api = await ServerProcess.start(installation, { roles: "api", environment });
  worker = await ServerProcess.start(installation, { roles: "worker", environment });
});
afterAll(async () => {
  await api.stop();
  await worker.stop();
  await installation.stop();
  await receiver.stop();
});

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const authorization = `Bearer ${await installation.token("manager")}`;
  const response = await fetch(`${String(api.url)}${path}`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  await response.text();
  expect(response.status).toBe(200);
  return response;
}

const resync = `mutation canaryOperation($id: ID!) { resyncConnection(connectionId: $id) { result { status } } }`;

/** The spans of a request's trace, once the request's own has come, which ends last. */
async function traceOfRequest(requestId: string): Promise<ReceivedSpan[]> {
  const root = () =>
    receiver.spans.find(({ name, attributes }) => name.startsWith("request ") && attributes["requestId"] === requestId);
  const attempts = () =>
    receiver.spans.filter(({ name, traceId }) => name === "attempt" && traceId === root()?.traceId);
  await until(() => Promise.resolve(attempts().length > 0));
  return receiver.spans.filter(({ traceId }) => traceId === root()?.traceId);
}

/** As "name < its parent's name < …". */
function lineOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent ? `${span.name} < ${lineOf(parent, spans)}` : span.name;
}

describe("a resync is one trace, from the request over the deed to the attempt in another process", () => {
  test("with the provider's requests and the written page below the attempt", async () => {
    await post("/graphql", { query: resync, variables: { id: connection } }, { "x-request-id": "traced-resync" });
    const spans = await traceOfRequest("traced-resync");
    const lines = spans.map((span) => lineOf(span, spans));
    const deed = "transaction < graphql resyncConnection < request graphql resyncConnection";
    expect(lines).toEqual(
      expect.arrayContaining([
        "request graphql resyncConnection",
        "graphql resyncConnection < request graphql resyncConnection",
        deed,
        `attempt < ${deed}`,
        `provider GOOGLE TOKEN < attempt < ${deed}`,
        `provider GOOGLE CHANGES < attempt < ${deed}`,
        `page write < attempt < ${deed}`,
        `transaction < page write < attempt < ${deed}`,
      ]),
    );
    expect(lines.filter((line) => !line.endsWith("request graphql resyncConnection"))).toEqual([]);
    expect(new Set(spans.map(({ pid }) => pid))).toEqual(new Set([api.pid, worker.pid]));
    expect(pidsOf("attempt", spans)).toEqual([worker.pid]);
    expect(pidsOf("graphql resyncConnection", spans)).toEqual([api.pid]);
  });

  test("also over REST, and as a part of the client's own trace where it has one", async () => {
    await post(
      `/api/calendar/admin/connections/${connection}/resync/`,
      {},
      { "x-request-id": "traced-rest", traceparent: `00-${clientTrace}-${clientSpan}-01` },
    );
    const spans = await traceOfRequest("traced-rest");
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([clientTrace]));
    const root = spans.find(({ name }) => name === "request rest POST connections/{id}/resync/");
    expect(root?.parentSpanId).toBe(clientSpan);
    expect(spans.map((span) => lineOf(span, spans))).toContain(
      `attempt < transaction < graphql resyncConnection < ${String(root?.name)}`,
    );
  });

  test("the attempt names the ids that its log lines have", async () => {
    const spans = await traceOfRequest("traced-resync");
    const [attempt] = await installation.sql<{ id: string; correlation_id: string }>(
      "select id, correlation_id from sync_attempt order by id limit 1",
    );
    expect(spans.find(({ name }) => name === "attempt")?.attributes).toEqual({
      requestId: "traced-resync",
      firmId: "1",
      connectionId: connection,
      correlationId: attempt?.correlation_id,
      attemptId: attempt?.id,
    });
  });

  test("what it is told that is no trace is not believed", async () => {
    await post(
      "/graphql",
      { query: "{ viewer { id } }" },
      { "x-request-id": "untraced", traceparent: "00-canary-canary-01" },
    );
    const found = () => receiver.spans.find(({ attributes }) => attributes["requestId"] === "untraced");
    await until(() => Promise.resolve(found() !== undefined));
    expect(found()?.parentSpanId).toBeNull();
  });

  test("nothing that was sent names a person, an event, a token or what the client has named", () => {
    expect(receiver.text).not.toMatch(/canary|example\.test|Event \d|Bearer|manager-1|postgres:/);
    expect(receiver.text).not.toContain(installation.simulator.control.refreshTokenOf(account));
  });

  test("a job holds ids alone", async () => {
    const jobs = await installation.sql<{ data: Record<string, string> }>("select data from pgboss.job");
    expect(jobs.length).toBeGreaterThan(1);
    for (const { data } of jobs) {
      expect(Object.keys(data).sort()).toEqual(["firmId", "requestId", "runId", "traceparent"]);
      expect(data["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    }
  });
});

test("a pull that waits for the end of another one stays in the trace of its own request", async () => {
  const busy = "busy@example.test";
  const connectionId = await installation.connect(busy);
  installation.simulator.control.addFault({ match: { account: busy, pathRegex: "/events" }, then: { delayMs: 1_000 } });
  const scheduler = await ServerProcess.start(installation, { roles: "scheduler" });
  await installation.sql("update calendar_connection set next_pull_at = now() where id = $1", [connectionId]);
  await until(async () => {
    const running = "select from sync_run where connection_id = $1 and status = 'RUNNING'";
    return (await installation.sql(running, [connectionId])).length === 1;
  });
  await post("/graphql", { query: resync, variables: { id: connectionId } }, { "x-request-id": "traced-behind" });
  const spans = await traceOfRequest("traced-behind");
  expect(spans.filter(({ name }) => name === "attempt").map(({ attributes }) => attributes["connectionId"])).toEqual([
    connectionId,
  ]);
  await scheduler.stop();
});

function pidsOf(name: string, spans: readonly ReceivedSpan[]): number[] {
  return spans.filter((span) => span.name === name).map(({ pid }) => pid);
}

describe("the tracing library", () => {
  test("is not loaded where no endpoint is set", async () => {
    expect(await modulesLoaded({})).toBe(0);
  });

  test("is loaded where one is", async () => {
    expect(await modulesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })).toBeGreaterThan(10);
  });

  async function modulesLoaded(environment: Record<string, string>): Promise<number> {
    const env = {
      PATH: process.env["PATH"],
      ...installation.installation.environment,
      NODE_ENV: "test",
      ROLES: "worker",
      GOOGLE_API_URL: installation.simulator.googleApiUrl,
      GOOGLE_TOKEN_URL: installation.simulator.googleTokenUrl,
      ...environment,
    };
    const started = runTypeScript(new URL("loaded-modules.ts", import.meta.url), [], { env });
    expect(await started.nextLine()).toBe("working");
    const count = Number(await started.nextLine());
    started.child.kill("SIGKILL");
    await started.ended;
    return count;
  }
});
