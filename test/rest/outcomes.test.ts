import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { prefix } from "../../src/rest/routes.js";
import { TestApp, until } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import { fetchAsDescribed } from "./openapi-answers.js";
import { rawRequest } from "./raw-request.js";

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterEach(() => {
  app.simulator.control.clearFaults();
});
afterAll(() => app.stop());

interface Outcome {
  status: number;
  headers: Headers;
  body: { result: { status: string; correlation_id: string }; error?: string };
}

async function post(path: string, headers: Record<string, string> = {}, url = app.url): Promise<Outcome> {
  const authorization = `Bearer ${await app.token("manager")}`;
  const init = { method: "POST", headers: { authorization, ...headers } };
  const response = await fetchAsDescribed(`${url}${prefix}${path}`, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Outcome["body"] };
}

async function runAt(location: string | null): Promise<{ status: string; synced_count: number | null }> {
  const authorization = `Bearer ${await app.token("manager")}`;
  const response = await fetchAsDescribed(String(location), { headers: { authorization } });
  return (await response.json()) as { status: string; synced_count: number | null };
}

/** A connection with one event, whose provider takes its time. */
async function slowConnection(account: string, delayMs: number): Promise<string> {
  const connection = await app.connect(account);
  addEvent(app.simulator, account, "Review");
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: null, then: { delayMs } });
  return connection;
}

describe("a resync", () => {
  test("that is not waited for names a run that goes on, and can be asked for until it has ended", async () => {
    const connection = await slowConnection("async@example.test", 300);
    const { status, headers, body } = await post(`connections/${connection}/resync/`, { prefer: "respond-async" });
    expect([status, body.result.status, headers.get("retry-after")]).toEqual([200, "running", "2"]);
    const location = headers.get("location");
    expect(location).toBe(`${app.url}${prefix}sync-runs/${body.result.correlation_id}/`);
    expect(["queued", "running"]).toContain((await runAt(location)).status);
    expect((await runAt(location)).synced_count).toBeNull();
    await until(async () => (await runAt(location)).status === "succeeded");
    expect(await runAt(location)).toMatchObject({ synced_count: 1 });
  });

  test("that has not ended when the wait is over is told as running", async () => {
    const impatient = await TestApp.start({ installation: app.installation, environment: { SYNC_WAIT_SECONDS: "0" } });
    const connection = await slowConnection("wait@example.test", 300);
    const { status, headers, body } = await post(`connections/${connection}/resync/`, {}, impatient.url);
    expect([status, body.result.status, headers.get("retry-after")]).toEqual([200, "running", "2"]);
    expect(headers.get("preference-applied")).toBeNull();
    await app.quiet(connection);
    await impatient.stop();
  });

  test("that joins a running one answers as that one", async () => {
    const connection = await slowConnection("joined@example.test", 300);
    const [first, second] = await Promise.all([
      post(`connections/${connection}/resync/`),
      post(`connections/${connection}/resync/`),
    ]);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
  });

  test("that is held has failed", async () => {
    const account = "held@example.test";
    const connection = await app.connect(account);
    const refused = { status: 400, body: { error: "invalid_grant" } };
    app.simulator.control.addFault({ match: { pathRegex: "/token" }, times: null, then: refused });
    const { status, headers, body } = await post(`connections/${connection}/resync/`);
    expect(status).toBe(424);
    expect(body).toMatchObject({ error: expect.stringMatching(/^Resync failed: ./), result: { status: "fail" } });
    expect(headers.get("location")).toBeNull();
    const run = await runAt(`${app.url}${prefix}sync-runs/${body.result.correlation_id}/`);
    expect(run.status).toBe("held");
  });

  test("that a manager cancels meanwhile has failed", async () => {
    const connection = await slowConnection("cancelled@example.test", 4000);
    const started = await post(`connections/${connection}/resync/`, { prefer: "respond-async" });
    const id = started.body.result.correlation_id;
    const joined = post(`connections/${connection}/resync/`);
    await app.manager("mutation ($id: ID!) { cancelSyncRun(correlationId: $id) { run { id } } }", { id });
    const { status, body } = await joined;
    expect([status, body]).toMatchObject([
      424,
      { error: "Resync failed: Cancelled", connection_id: Number(connection) },
    ]);
  });

  test("goes on when its client has gone", async () => {
    const connection = await slowConnection("gone@example.test", 300);
    const { hostname, port } = new URL(app.url);
    const headers = { Authorization: `Bearer ${await app.token("manager")}`, "Content-Length": "0" };
    const socket = connect(Number(port), hostname, () => {
      socket.write(rawRequest(`POST ${prefix}connections/${connection}/resync/`, headers));
    });
    const runs = () =>
      app.sql<{ status: string }>("select status from sync_run where connection_id = $1", [connection]);
    await until(async () => (await runs()).length === 1);
    socket.destroy();
    await until(async () => (await runs())[0]?.status === "SUCCEEDED");
  });
});

describe("an appointment whose event is gone at the provider", () => {
  test("is cancelled, which is a success", async () => {
    const account = "deleted@example.test";
    const connection = await app.connect(account);
    const event = addEvent(app.simulator, account, "Review");
    await app.pull(connection);
    const appointments = () =>
      app.sql<{ id: string; status: string }>("select id, status from appointment where connection_id = $1", [
        connection,
      ]);
    app.simulator.control.deleteEvent(account, event);
    const [appointment] = await appointments();
    const { status, body } = await post(`appointments/${String(appointment?.id)}/resync/`);
    expect([status, body.result.status]).toEqual([200, "success"]);
    expect((await appointments())[0]?.status).toBe("CANCELLED");
  });
});
