import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { violations } from "../faults/lost-workers.js";
import { until, type TestApp } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { connectAccount, newAccount, startConnectApp, synced } from "./consent-flow.js";

jest.setTimeout(120_000);

let app: TestApp;

beforeAll(async () => {
  app = await startConnectApp();
});
afterEach(() => {
  app.simulator.control.clearFaults();
});
afterAll(() => app.stop());

interface Disconnected {
  id: string;
  status: string;
  statusReason: string;
  nextSyncAt: string | null;
}

async function disconnect(id: string): Promise<Disconnected> {
  const { disconnectCalendar } = await app.manager<{ disconnectCalendar: Disconnected }>(
    `mutation ($id: ID!) { disconnectCalendar(connectionId: $id, reason: "has left") { id status statusReason nextSyncAt } }`,
    { id },
  );
  return disconnectCalendar;
}

async function connected(account: string, provider: ProviderName = "GOOGLE", firmId = "1"): Promise<string> {
  const id = await connectAccount(app, account, { provider, firmId });
  await synced(app, id);
  return id;
}

/** What the audit tells of the connection's end, once for each time. */
function endsOf(id: string): Promise<{ actor_id: string; metadata: object }[]> {
  return app.sql(
    "select actor_id, metadata from audit_event where event_type = 'calendar_connection_disconnected' and resource_id = $1",
    [id],
  );
}

/** Everything of the connection that disconnecting may change. */
async function stateOf(id: string): Promise<unknown[]> {
  return Promise.all([
    app.sql("select * from calendar_connection where id = $1", [id]),
    app.sql("select * from calendar_credential where connection_id = $1", [id]),
    app.sql("select * from connection_statistics where connection_id = $1", [id]),
    app.sql("select id, status from sync_run where connection_id = $1 order by id", [id]),
    app.sql("select id from audit_event"),
  ]);
}

async function runStatuses(id: string): Promise<string[]> {
  const rows = await app.sql<{ run: string }>(
    "select concat_ws(' ', operation, status, error_code) as run from sync_run where connection_id = $1 order by id",
    [id],
  );
  return rows.map(({ run }) => run);
}

describe.each<[ProviderName, boolean]>([
  ["GOOGLE", true],
  ["MICROSOFT", false],
])("a connection of %s that is disconnected", (provider, isRevokedAtProvider) => {
  test(`has no tokens any more (taken back at the provider: ${isRevokedAtProvider}) and keeps its appointments`, async () => {
    const account = newAccount(app, provider);
    addEvents(app.simulator, account, 4);
    const id = await connected(account, provider);
    app.simulator.control.clearRequests();
    expect(await disconnect(id)).toEqual({ id, status: "REVOKED", statusReason: "DISCONNECTED", nextSyncAt: null });
    expect(await app.sql("select from calendar_credential where connection_id = $1", [id])).toEqual([]);
    expect(
      await app.sql("select from appointment where connection_id = $1 and status <> 'CANCELLED'", [id]),
    ).toHaveLength(4);
    expect(await endsOf(id)).toEqual([
      {
        actor_id: "manager-1",
        metadata: { provider: provider.toLowerCase(), reason: "has left", revoked_at_provider: isRevokedAtProvider },
      },
    ]);
    const revocations = app.simulator.control.requests().filter(({ url }) => url.includes("revoke"));
    expect(revocations.map(({ status, url }) => [status, url.includes("token=")])).toEqual(
      isRevokedAtProvider ? [[200, false]] : [],
    );
    expect(await violations(app)).toEqual([]);
  });

  test("is disconnected once, however often that is asked for", async () => {
    const id = await connected(newAccount(app, provider), provider);
    await disconnect(id);
    const before = await stateOf(id);
    expect(await disconnect(id)).toMatchObject({ status: "REVOKED", statusReason: "DISCONNECTED" });
    expect(await stateOf(id)).toEqual(before);
  });
});

test.each([
  ["answers with an error", { status: 503, body: "down" }],
  ["breaks the connection off", { destroy: true }],
  ["does not answer at all", { hang: true }],
  ["does not know the token any more", { status: 400, body: { error: "invalid_token" } }],
])("a provider that %s keeps nobody from disconnecting", async (_what, then) => {
  const account = newAccount(app);
  const id = await connected(account);
  app.simulator.control.addFault({ match: { account, pathRegex: "revoke" }, then });
  expect(await disconnect(id)).toMatchObject({ status: "REVOKED", statusReason: "DISCONNECTED" });
  expect(await endsOf(id)).toMatchObject([{ metadata: { revoked_at_provider: false } }]);
});

test("what an account has granted is left alone while another connection lives on it, also another firm's", async () => {
  const account = newAccount(app);
  const team = `team-${account}`;
  app.simulator.control.addCalendar({ account, id: team, name: "Team", timeZone: "UTC" });
  const [id, others] = [await connected(account), await connected(account, "GOOGLE", "2")];
  await disconnect(id);
  expect(await endsOf(id)).toMatchObject([{ metadata: { revoked_at_provider: false } }]);
  await app.pull(others);
  expect((await runStatuses(others)).at(-1)).toBe("LIST_CHANGES SUCCEEDED");
  await app.manager("mutation ($id: ID!) { disconnectCalendar(connectionId: $id) { id } }", { id: others }, "2");
  expect(await endsOf(others)).toMatchObject([{ metadata: { revoked_at_provider: true } }]);
});

describe("the runs of a connection that is disconnected", () => {
  test("end: what waits, is held or has failed at once, with their failures superseded", async () => {
    const account = newAccount(app);
    addEvents(app.simulator, account, 3);
    const id = await connected(account);
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      times: null,
      then: { status: 503, body: "" },
    });
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [id]);
    await until(async () => (await runStatuses(id)).some((run) => run.includes("RETRYING")));
    await disconnect(id);
    expect(await runStatuses(id)).toEqual(["LIST_CHANGES SUCCEEDED", "LIST_CHANGES CANCELLED PROVIDER_UNAVAILABLE"]);
    const open = await app.sql(
      "select open_retryable, open_exhausted, open_non_retryable from connection_statistics where connection_id = $1",
      [id],
    );
    expect(open).toEqual([{ open_retryable: 0, open_exhausted: 0, open_non_retryable: 0 }]);
    const states = await app.sql(
      "select distinct state from sync_attempt where connection_id = $1 and status = 'FAIL'",
      [id],
    );
    expect(states).toEqual([{ state: "SUPERSEDED" }]);
    expect(await violations(app)).toEqual([]);
  });

  test("end at their next page where they run, and nothing new begins", async () => {
    const account = newAccount(app);
    addEvents(app.simulator, account, 3);
    const id = await connected(account);
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 1500 } });
    await app.manager("mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { message } }", {
      id,
    });
    await until(async () => (await runStatuses(id)).includes("RESYNC RUNNING"));
    await disconnect(id);
    await until(async () => (await runStatuses(id)).some((run) => run.startsWith("RESYNC CANCELLED")));
    const [cancelled] = await app.sql(
      "select actor_id, metadata ->> 'reason' as reason from audit_event where event_type = 'calendar_sync_run_cancelled' order by id desc limit 1",
    );
    expect(cancelled).toEqual({ actor_id: "manager-1", reason: "has left" });
    const asked = app.manager("mutation ($id: ID!) { resyncConnection(connectionId: $id) { message } }", { id });
    await expect(asked).rejects.toThrow("This connection is revoked");
    expect(await violations(app)).toEqual([]);
  });

  test("end where they were held because the account had taken its access back", async () => {
    const account = newAccount(app);
    const id = await connected(account);
    app.simulator.control.setRevoked(account, true);
    await app.pull(id);
    expect(await runStatuses(id)).toEqual(["LIST_CHANGES SUCCEEDED", "LIST_CHANGES HELD INVALID_GRANT"]);
    await disconnect(id);
    expect(await runStatuses(id)).toEqual(["LIST_CHANGES SUCCEEDED", "LIST_CHANGES CANCELLED INVALID_GRANT"]);
    expect(await app.sql("select from calendar_credential where connection_id = $1", [id])).toEqual([]);
    expect(await violations(app)).toEqual([]);
  });
});

test("a connection whose tokens cannot be read, and one that is paused, are disconnected too", async () => {
  const [unreadable, paused] = [await connected(newAccount(app)), await connected(newAccount(app))];
  await app.sql("update calendar_credential set key_version = 9 where connection_id = $1", [unreadable]);
  await app.manager("mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }", { id: paused });
  for (const id of [unreadable, paused]) expect(await disconnect(id)).toMatchObject({ statusReason: "DISCONNECTED" });
  expect(await endsOf(unreadable)).toMatchObject([{ metadata: { revoked_at_provider: false } }]);
  expect(await endsOf(paused)).toMatchObject([{ metadata: { revoked_at_provider: true } }]);
  expect(await violations(app)).toEqual([]);
});
