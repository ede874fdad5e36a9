import { EntityManager } from "@mikro-orm/core";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { AuditEvent } from "../../src/audit/audit-event.entity.js";
import { visitFailpoints, type Failpoint } from "../../src/failpoints.js";
import { quickRetries, TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { violations } from "./lost-workers.js";

/** All parts in this process, so that a deed may be broken off in it. Retries are used up at once, so that there is something to replay. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ...quickRetries, MAX_RETRIES: "0" } });
});

afterEach(() => {
  visitFailpoints(null);
  jest.restoreAllMocks();
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

const operations = {
  resync: "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { message } }",
  replay: "mutation ($id: ID!) { replayAttempt(attemptId: $id, waitSeconds: 0) { message } }",
};

/** A connection whose last pull has failed: its id, and the failed attempt's. */
async function failedPull(account: string): Promise<{ connection: string; attempt: string }> {
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3);
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { status: 503, body: "down" } });
  await app.pull(connection);
  const [attempt] = await app.sql<{ id: string }>("select id from sync_attempt where connection_id = $1", [connection]);
  return { connection, attempt: String(attempt?.id) };
}

/** Everything that a deed of the connection changes beside its audit. */
async function deedsOf(connection: string): Promise<unknown[]> {
  return app.sql("select id, status, fence, replay_of_id, job_id from sync_run where connection_id = $1 order by id", [
    connection,
  ]);
}

function auditEvents(): Promise<{ event_type: string }[]> {
  return app.sql("select event_type from audit_event order by id");
}

/** Breaks off what comes there, once. Tells whether it has. */
function breakAt(name: Failpoint): () => boolean {
  let isBroken = false;
  visitFailpoints((visited) => {
    if (visited !== name || isBroken) return undefined;
    isBroken = true;
    return Promise.reject(new Error(`broken off at ${name}`));
  });
  return () => isBroken;
}

describe.each(["resync", "replay"] as const)("a %s", (operation) => {
  test("that is broken off before its commit leaves neither a deed nor an audit event", async () => {
    const { connection, attempt } = await failedPull(`before.${operation}@example.com`);
    const [deeds, events] = [await deedsOf(connection), await auditEvents()];
    breakAt(`${operation}.in-transaction`);
    const asked = app.manager(operations[operation], { id: operation === "resync" ? connection : attempt });
    await expect(asked).rejects.toThrow();
    expect(await deedsOf(connection)).toEqual(deeds);
    expect(await auditEvents()).toEqual(events);
    expect(await violations(app)).toEqual([]);
  });

  test("that is broken off after its commit leaves both, and is done", async () => {
    const { connection, attempt } = await failedPull(`after.${operation}@example.com`);
    const events = await auditEvents();
    breakAt("request.committed");
    const asked = app.manager(operations[operation], { id: operation === "resync" ? connection : attempt });
    await expect(asked).rejects.toThrow();
    const requested = (await auditEvents())
      .slice(events.length)
      .filter(({ event_type: type }) => type.endsWith("_requested"));
    expect(requested).toHaveLength(1);
    await until(async () => {
      const ended = "select from sync_run where connection_id = $1 and status = 'SUCCEEDED'";
      return (await app.sql(ended, [connection])).length === 1;
    });
    expect(await violations(app)).toEqual([]);
  });
});

describe("an attempt", () => {
  test.each<Failpoint>([
    "start.in-transaction",
    "round.in-transaction",
    "sweep.in-transaction",
    "close.in-transaction",
  ])("that is broken off at %s leaves nothing half done", async (name) => {
    const account = `${name}@example.com`;
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3);
    const isBroken = breakAt(name);
    await app.pull(connection);
    await app.manager(operations.resync, { id: connection });
    await app.quiet(connection);
    expect(isBroken()).toBe(true);
    expect(await violations(app)).toEqual([]);
  });
});

/** What becomes of audit events in place of being recorded with their deed. */
function plantAudit(instead: (event: AuditEvent) => void): void {
  const persist = Reflect.get(EntityManager.prototype, "persist") as (entity: object) => EntityManager;
  jest.spyOn(EntityManager.prototype, "persist").mockImplementation(function (this: EntityManager, entity: unknown) {
    if (!(entity instanceof AuditEvent)) return persist.call(this, entity as object);
    instead(entity);
    return this;
  });
}

describe("it is noticed", () => {
  test("when a resync is asked for without an audit event: the database refuses it", async () => {
    const { connection } = await failedPull("unaudited@example.com");
    const deeds = await deedsOf(connection);
    plantAudit(() => undefined);
    await expect(app.manager(operations.resync, { id: connection })).rejects.toThrow();
    expect(await deedsOf(connection)).toEqual(deeds);
  });

  test("when an audit event is written outside its deed's transaction, which is then broken off", async () => {
    const { connection } = await failedPull("outside@example.com");
    const deeds = await deedsOf(connection);
    const writing: Promise<unknown>[] = [];
    plantAudit((event) => writing.push(insertAlone(event)));
    breakAt("resync.in-transaction");
    await expect(app.manager(operations.resync, { id: connection })).rejects.toThrow();
    await Promise.all(writing);
    expect(writing).not.toHaveLength(0);
    expect(await deedsOf(connection)).toEqual(deeds);
    expect(await violations(app)).not.toEqual([]);
  });
});

function insertAlone(event: AuditEvent): Promise<unknown> {
  const { firmId, eventType, eventCategory, resourceType, resourceId, correlationId, metadata } = event;
  return app.sql(
    `insert into audit_event (firm_id, event_type, event_category, severity, resource_type, resource_id, correlation_id, metadata)
     values ($1, $2, $3, 'info', $4, $5, $6, $7)`,
    [firmId, eventType, eventCategory, resourceType, resourceId, correlationId, metadata],
  );
}
