import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { quickRetries, TestApp, until } from "../support/app.js";
import { seen } from "../support/manager.js";
import { pullsAnHour } from "./pull-moments.js";
import { verify } from "../../src/verify/verify.js";

let app: TestApp;

beforeAll(async () => {
  const limits = { circuitFailedRuns: 3, retryBurst: 1_000_000, breakerConnections: 1_000_000 };
  app = await TestApp.start({ environment: { ...quickRetries, SYNC_INTERVAL_SECONDS: "300" }, limits });
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

const resync = `mutation ($id: ID!) { resyncConnection(connectionId: $id, reason: "again") { result { status } } }`;

function refuse(account: string, status: number): void {
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: null, then: { status, body: {} } });
}

/** Makes a pull due and waits until it has ended. */
async function pull(connection: string): Promise<void> {
  const runs = () => app.sql("select from sync_run where connection_id = $1", [connection]);
  const before = (await runs()).length;
  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
  await until(async () => (await runs()).length > before);
  await app.quiet(connection);
}

/** In which interval pulls of the connection come: at the same moment of every hour, or more often. */
async function isSlowed(connection: string): Promise<boolean> {
  const [row] = await app.sql<{ seconds: number }>(
    "select extract(epoch from next_pull_at - now())::float8 as seconds from calendar_connection where id = $1",
    [connection],
  );
  return Number(row?.seconds) > 300;
}

/** What the audit says of a connection's circuit, oldest first. */
async function circuitAudit(connection: string): Promise<unknown[]> {
  const { auditEvents } = await app.manager<{ auditEvents: { nodes: Record<string, unknown>[] } }>(
    `query ($id: ID!) { auditEvents(resourceType: "calendar_connection", resourceId: $id) {
      nodes { eventType eventCategory severity actorId metadata } } }`,
    { id: connection },
  );
  return auditEvents.nodes.filter(({ eventType }) => String(eventType).includes("circuit")).reverse();
}

async function violated(): Promise<string[]> {
  const { invariants } = await verify(app.installation.database.systemUrl);
  return invariants.filter(({ count }) => count > 0).map(({ name }) => name);
}

const opened = {
  eventType: "calendar_connection_circuit_opened",
  eventCategory: "calendar_connection",
  severity: "warning",
  actorId: null,
};
const closed = { ...opened, eventType: "calendar_connection_circuit_closed", severity: "info" };

test("failed runs in a row slow a connection to a pull an hour, until a pull succeeds", async () => {
  const account = "failing@example.com";
  const connection = await app.connect(account);
  refuse(account, 400);
  for (let runs = 0; runs < 2; runs += 1) {
    await pull(connection);
    expect(await isSlowed(connection)).toBe(false);
  }
  await pull(connection);
  expect(await isSlowed(connection)).toBe(true);
  expect(await circuitAudit(connection)).toEqual([
    { ...opened, metadata: { failed_runs: 3, last_successful_sync_at: null, provider: "google" } },
  ]);
  await pull(connection);
  expect(await pullsAnHour(app, connection)).toBe(true);
  expect(await circuitAudit(connection)).toHaveLength(1);
  expect((await seen(app, connection)).syncStatus.health).toBe("DELAYED");
  expect(await violated()).toEqual([]);

  app.simulator.control.clearFaults();
  await pull(connection);
  await until(async () => !(await isSlowed(connection)));
  expect((await circuitAudit(connection))[1]).toEqual({
    ...closed,
    metadata: { because: "success", provider: "google" },
  });
  expect((await seen(app, connection)).syncStatus.health).toBe("HEALTHY");
  expect(await violated()).toEqual([]);
});

test("a manager's resync gives a slowed connection a new start, also when it fails", async () => {
  const account = "restarted@example.com";
  const connection = await app.connect(account);
  refuse(account, 400);
  for (let runs = 0; runs < 3; runs += 1) await pull(connection);
  expect(await app.manager(resync, { id: connection })).toMatchObject({
    resyncConnection: { result: { status: "FAIL" } },
  });
  expect((await circuitAudit(connection)).slice(1)).toEqual([
    { ...closed, actorId: "manager-1", metadata: { because: "resync", provider: "google" } },
  ]);
  expect(await isSlowed(connection)).toBe(false);
  // The resync, and two pulls; one of them was due with the new start.
  await until(async () => {
    await pull(connection);
    return (await circuitAudit(connection)).length === 3;
  });
  expect(await violated()).toEqual([]);
});

test("a day without success slows a connection at its next failed run", async () => {
  const account = "long@example.com";
  const connection = await app.connect(account);
  await app.pull(connection);
  await app.sql(`update calendar_connection set created_at = now() - interval '3 days' where id = $1`, [connection]);
  refuse(account, 400);
  await app.pull(connection);
  expect(await circuitAudit(connection)).toEqual([]);
  await app.sql(
    "update connection_statistics set last_successful_sync_at = now() - interval '25 hours' where connection_id = $1",
    [connection],
  );
  await app.pull(connection);
  expect(await circuitAudit(connection)).toEqual([
    { ...opened, metadata: { failed_runs: 2, last_successful_sync_at: expect.any(String), provider: "google" } },
  ]);
});

test("used up retries count, retries that are still waited for do not", async () => {
  const account = "flaky@example.com";
  const connection = await app.connect(account);
  refuse(account, 503);
  for (let runs = 0; runs < 2; runs += 1) await app.pull(connection);
  expect(await circuitAudit(connection)).toEqual([]);
  await app.pull(connection);
  expect(await circuitAudit(connection)).toHaveLength(1);
});
