import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { violations } from "../faults/lost-workers.js";
import { quickRetries, TestApp, until } from "../support/app.js";
import { at } from "../support/calendar.js";
import { auditOf, letTimePass, refusalOf, seen } from "../support/manager.js";
import { Changes, provided, visit, writes, type Changed } from "./changes.js";

jest.setTimeout(120_000);

/** The API and the scheduler; a worker comes when a test wants it. */
let app: TestApp;
let changes: Changes;

const environment = { ...quickRetries, MAX_RETRIES: "1" };

beforeAll(async () => {
  app = await TestApp.start({ environment: { ...environment, ROLES: "api,scheduler" } });
  changes = new Changes(app);
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

const notYet = { waitSeconds: 0 };

function startWorker(): Promise<TestApp> {
  return TestApp.start({ installation: app.installation, environment: { ...environment, ROLES: "worker" } });
}

async function statusOf({ result }: Changed): Promise<string> {
  const [run] = await app.sql<{ status: string }>("select status from sync_run where correlation_id = $1", [
    result.correlationId,
  ]);
  return String(run?.status);
}

const pause = "mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }";
const resume = "mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }";

describe("before a worker has taken it", () => {
  test("a change joins the push that waits, and the calendar is written once", async () => {
    const account = "joined@example.com";
    const connection = await app.connect(account);
    const made = await changes.create(connection, notYet);
    expect(made).toMatchObject({ message: "Appointment created, push initiated", result: { status: "RUNNING" } });
    const { id } = made.appointment;
    const changed = await changes.update(id, { title: "Joined", ...notYet });
    expect(changed.result.correlationId).toBe(made.result.correlationId);
    const joined = "select metadata -> 'joined' as joined from audit_event where correlation_id = $1 order by id";
    expect(await app.sql(joined, [made.result.correlationId])).toEqual([{ joined: false }, { joined: true }]);
    const worker = await startWorker();
    await app.quiet(connection);
    await worker.stop();
    expect(await statusOf(made)).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([`Joined ${visit.startsAt} confirmed`]);
    expect(writes(app, account)).toHaveLength(1);
  });

  test("a cancellation takes its place, and the provider is never asked", async () => {
    const account = "never@example.com";
    const connection = await app.connect(account);
    const made = await changes.create(connection, notYet);
    const calledOff = await changes.cancel(made.appointment.id, notYet);
    expect(await statusOf(made)).toBe("CANCELLED");
    const [audited] = await app.sql("select metadata from audit_event where correlation_id = $1 order by id desc", [
      made.result.correlationId,
    ]);
    expect(audited).toMatchObject({
      metadata: { replaced_by_correlation_id: calledOff.result.correlationId, status_before: "queued" },
    });
    const worker = await startWorker();
    await app.quiet(connection);
    await worker.stop();
    expect(await statusOf(calledOff)).toBe("SUCCEEDED");
    expect(app.simulator.control.requests({ account })).toEqual([]);
  });

  test("a request with the same key makes no second appointment", async () => {
    const connection = await app.connect("keyed@example.com");
    const once = { ...notYet, idempotencyKey: "visit-1" };
    const first = await changes.create(connection, once);
    const second = await changes.create(connection, once);
    expect(second.appointment.id).toBe(first.appointment.id);
    expect(await refusalOf(changes.create(connection, { ...once, title: "Other" }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
    });
    const renamed = { title: "Renamed", ...notYet, idempotencyKey: "visit-1" };
    await changes.update(first.appointment.id, renamed);
    await changes.update(first.appointment.id, renamed);
    const updates = "select from audit_event where event_type = 'appointment_updated' and resource_id = $1";
    expect(await app.sql(updates, [first.appointment.id])).toHaveLength(1);
    expect(await app.sql("select from appointment where connection_id = $1", [connection])).toHaveLength(1);
  });

  test("pausing holds it, and resuming lets it go on", async () => {
    const account = "held@example.com";
    const connection = await app.connect(account);
    const made = await changes.create(connection, notYet);
    await app.manager(pause, { id: connection });
    expect(await statusOf(made)).toBe("HELD");
    const { id } = made.appointment;
    for (const refused of [changes.create(connection), changes.update(id, { title: "Late" }), changes.cancel(id)])
      expect(await refusalOf(refused)).toMatchObject({ reason: "CONNECTION_PAUSED" });
    await app.manager(resume, { id: connection });
    const worker = await startWorker();
    await app.quiet(connection);
    await worker.stop();
    expect(await statusOf(made)).toBe("SUCCEEDED");
    expect(provided(app, account)).toHaveLength(1);
  });
});

describe("with a worker", () => {
  let worker: TestApp;

  beforeAll(async () => {
    worker = await startWorker();
    await app.sql("update calendar_connection set next_pull_at = null");
  });

  afterAll(() => worker.stop());

  const down = { status: 503, body: "" };

  /** A new appointment whose push has used up its retries, though the provider may have made its event. */
  async function exhausted(name: string, when: "before" | "after" = "before") {
    const account = `${name}@example.com`;
    const connection = await app.connect(account);
    const match = { account, method: "POST", pathRegex: "/events" };
    app.simulator.control.addFault({ match, times: null, when, then: when === "after" ? { destroy: true } : down });
    const made = await changes.create(connection);
    await until(async () => (await statusOf(made)) === "FAILED");
    return { account, connection, made, id: made.appointment.id };
  }

  async function openFailures(connection: string): Promise<{ id: string; correlationId: string }[]> {
    return (await seen(app, connection, { includeExhausted: true })).failedAttempts.nodes;
  }

  test("a change while a push runs is another push, which is sent when that ends", async () => {
    const account = "behind@example.com";
    const connection = await app.connect(account);
    app.simulator.control.addFault({
      match: { account, method: "POST", pathRegex: "/events" },
      then: { delayMs: 800 },
    });
    const made = await changes.create(connection, notYet);
    await until(async () => (await statusOf(made)) === "RUNNING");
    await until(() => Promise.resolve(app.simulator.control.requests({ account, method: "POST" }).length > 0));
    const changed = await changes.update(made.appointment.id, { title: "While running" });
    expect(changed).toMatchObject({ result: { status: "SUCCESS" }, run: { updatedCount: 1 } });
    expect(changed.run.id).not.toBe(made.run.id);
    expect(await statusOf(made)).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([`While running ${visit.startsAt} confirmed`]);
  });

  test("a replay of a push whose retries are used up makes one event, though each answer was lost", async () => {
    const { account, connection, made } = await exhausted("replayed", "after");
    expect(provided(app, account)).toHaveLength(1);
    app.simulator.control.clearFaults();
    const [failure] = await openFailures(connection);
    const replay = "mutation ($id: ID!) { replayAttempt(attemptId: $id) { message result { status } } }";
    expect(await app.manager(replay, { id: failure?.id })).toEqual({
      replayAttempt: { message: "Replay completed successfully", result: { status: "SUCCESS" } },
    });
    expect(await statusOf(made)).toBe("SUCCEEDED");
    expect(provided(app, account)).toHaveLength(1);
    expect(await openFailures(connection)).toEqual([]);
  });

  test("a newer push closes the older one that has failed, and beside it that is not replayed", async () => {
    const { account, connection, made, id } = await exhausted("newer");
    const [older] = await openFailures(connection);
    const again = await changes.update(id, { title: "Newer" });
    expect(again.result.status).toBe("FAIL");
    await until(async () => (await statusOf(again)) === "FAILED");
    expect(await statusOf(made)).toBe("CANCELLED");
    expect(await openFailures(connection)).toMatchObject([{ correlationId: again.result.correlationId }]);

    app.simulator.control.clearFaults();
    app.simulator.control.addFault({
      match: { account, method: "POST", pathRegex: "/events" },
      then: { delayMs: 800 },
    });
    const third = await changes.update(id, { title: "Third", ...notYet });
    const replay = "mutation ($id: ID!) { replayAttempt(attemptId: $id) { message } }";
    const [newer] = await openFailures(connection);
    const correlationId = third.result.correlationId;
    expect(await refusalOf(app.manager(replay, { id: newer?.id }))).toEqual({
      ...{ code: "CONFLICT", reason: "PUSH_ACTIVE", correlationId },
    });
    expect(await refusalOf(app.manager(replay, { id: older?.id }))).toMatchObject({ code: "NOT_REPLAYABLE" });
    await until(async () => (await statusOf(third)) === "SUCCEEDED");
    expect(await statusOf(again)).toBe("CANCELLED");
    expect(await openFailures(connection)).toEqual([]);
    expect(provided(app, account)).toEqual([`Third ${visit.startsAt} confirmed`]);
  });

  test("a push that waits for its retry is closed by a newer one that succeeds", async () => {
    const account = "retrying@example.com";
    const connection = await app.connect(account);
    const match = { account, method: "POST", pathRegex: "/events" };
    app.simulator.control.addFault({ match, then: { status: 429, headers: { "retry-after": "600" }, body: {} } });
    const made = await changes.create(connection);
    expect(made.result.nextRetryAt).not.toBeNull();
    const changed = await changes.update(made.appointment.id, { title: "Sooner", ...notYet });
    const waits = `select start_after > now() + interval '5 min' as waits from pgboss.job j join sync_run r on r.job_id = j.id where r.id = $1`;
    expect(await app.sql(waits, [changed.run.id])).toEqual([{ waits: true }]); // as its provider has asked
    await app.sql("update pgboss.job j set start_after = now() from sync_run r where r.id = $1 and r.job_id = j.id", [
      changed.run.id,
    ]);
    await until(async () => (await statusOf(changed)) === "SUCCEEDED");
    expect(await statusOf(made)).toBe("CANCELLED");
    const state = "select state, resolved_by_id is not null as is_resolved from sync_attempt where run_id = $1";
    expect(await app.sql(state, [made.run.id])).toEqual([{ state: "RESOLVED", is_resolved: true }]);
    expect(provided(app, account)).toEqual([`Sooner ${visit.startsAt} confirmed`]);
  });

  test("a push whose retries are used up goes on when its connection succeeds, and rests when it fails again", async () => {
    const { account, connection, made } = await exhausted("recovered");
    await app.pull(connection);
    await app.quiet(connection);
    const recovered = "select trigger, status, retry_count from sync_run where id = $1";
    expect(await app.sql(recovered, [made.run.id])).toEqual([
      { trigger: "RECOVERY", status: "FAILED", retry_count: 2 },
    ]);
    await app.pull(connection); // at once again: it rests
    expect(await app.sql(recovered, [made.run.id])).toEqual([
      { trigger: "RECOVERY", status: "FAILED", retry_count: 2 },
    ]);

    app.simulator.control.clearFaults();
    await app.sql("update sync_run set finished_at = finished_at - interval '1 hour' where id = $1", [made.run.id]);
    await app.pull(connection);
    await app.quiet(connection);
    expect(await statusOf(made)).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([`Visit ${visit.startsAt} confirmed`]);
    expect(await auditOf(app, made.result.correlationId)).toEqual([
      "appointment_created info",
      "calendar_sync_retry error",
      "calendar_sync_recovery_requested info",
      "calendar_sync_retry error",
      "calendar_sync_recovery_requested info",
      "calendar_sync_retry info",
    ]);
  });

  test("of several held pushes of an appointment the newest goes on", async () => {
    const account = "several@example.com";
    const connection = await app.connect(account);
    const match = { account, method: "POST", pathRegex: "/events" };
    app.simulator.control.addFault({ match, then: { status: 429, headers: { "retry-after": "600" }, body: {} } });
    const made = await changes.create(connection);
    const changed = await changes.update(made.appointment.id, { title: "Newest", ...notYet });
    await app.manager(pause, { id: connection });
    expect([await statusOf(made), await statusOf(changed)]).toEqual(["HELD", "HELD"]);
    await app.manager(resume, { id: connection });
    expect(await statusOf(made)).toBe("CANCELLED");
    await letTimePass(app, connection);
    await until(async () => (await statusOf(changed)) === "SUCCEEDED");
    expect(provided(app, account)).toEqual([`Newest ${visit.startsAt} confirmed`]);
  });

  test("a manager who cancels a running push does not lose what the provider has done", async () => {
    const account = "cancelled@example.com";
    const connection = await app.connect(account);
    const match = { account, method: "POST", pathRegex: "/events" };
    app.simulator.control.addFault({ match, when: "after", then: { delayMs: 800 } });
    const made = await changes.create(connection, notYet);
    await until(() => Promise.resolve(provided(app, account).length > 0));
    await app.manager("mutation ($id: ID!) { cancelSyncRun(correlationId: $id) { run { status } } }", {
      id: made.result.correlationId,
    });
    expect(await statusOf(made)).toBe("CANCELLED");
    const [row] = await app.sql("select external_event_id is not null as has_event from appointment where id = $1", [
      made.appointment.id,
    ]);
    expect(row).toEqual({ has_event: true });
  });

  test("an event that is made while a full round goes on is not taken for missing", async () => {
    const account = "meanwhile@example.com";
    const connection = await app.connect(account);
    app.simulator.control.addFault({
      match: { account, method: "GET", pathRegex: "/events" },
      when: "after",
      then: { delayMs: 1000 },
    });
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    await until(() => Promise.resolve(app.simulator.control.requests({ account, method: "GET" }).length > 0));
    const made = await changes.create(connection);
    expect(made.result.status).toBe("SUCCESS");
    await app.quiet(connection);
    await app.sql("update calendar_connection set next_pull_at = null where id = $1", [connection]);
    const status = "select status from appointment where id = $1";
    expect(await app.sql(status, [made.appointment.id])).toEqual([{ status: "CONFIRMED" }]);
    const pulls = "select status, unchanged_count from sync_run where connection_id = $1 and direction = 'PULL'";
    expect(await app.sql(pulls, [connection])).toEqual([{ status: "SUCCEEDED", unchanged_count: 1 }]);
  });

  test.each<[string, object, string]>([
    ["a blank title", { title: " " }, "title"],
    ["a title without end", { title: "x".repeat(256) }, "title"],
    ["a title that no text has", { title: "\ud800" }, "title"],
    ["an end before the start", { endsAt: at(1, 8) }, "endsAt"],
    ["a day that begins in the morning", { isAllDay: true, endsAt: at(2, 0) }, "startsAt"],
    ["a day of no length", { isAllDay: true, startsAt: at(1, 0), endsAt: at(1, 0) }, "endsAt"],
    ["a zone that is none", { timeZone: "Mars/Base" }, "timeZone"],
  ])("%s is refused", async (_, variables, argument) => {
    const connection = await app.connect("invalid@example.com").catch(() => "");
    const [known] = await app.sql<{ id: string }>(
      "select id from calendar_connection where account_email = 'invalid@example.com'",
    );
    expect(await refusalOf(changes.create(known?.id ?? connection, variables))).toEqual({
      code: "BAD_USER_INPUT",
      argument,
    });
  });

  test("what is cancelled, not synced or another firm's cannot be changed, nor can nothing be changed", async () => {
    const connection = await app.connect("unchangeable@example.com");
    const { appointment } = await changes.create(connection);
    expect(await refusalOf(changes.update(appointment.id, {}))).toMatchObject({ reason: "NOTHING_TO_CHANGE" });
    for (const id of ["0", "x", "999999"]) {
      expect(await refusalOf(changes.cancel(id))).toEqual({ code: "NOT_FOUND" });
      expect(await refusalOf(changes.update(id, { title: "Other" }))).toEqual({ code: "NOT_FOUND" });
      expect(await refusalOf(changes.create(id))).toEqual({ code: "NOT_FOUND" });
    }
    expect(await refusalOf(changes.cancel(appointment.id, {}, "2"))).toEqual({ code: "NOT_FOUND" });
    expect(await refusalOf(changes.update(appointment.id, { title: "Other" }, "2"))).toEqual({ code: "NOT_FOUND" });
    expect(await refusalOf(changes.create(connection, {}, "2"))).toEqual({ code: "NOT_FOUND" });
    await changes.cancel(appointment.id);
    expect(await refusalOf(changes.update(appointment.id, { title: "Late" }))).toMatchObject({
      reason: "APPOINTMENT_CANCELLED",
    });
    const [ours] = await app.sql<{ id: string }>(
      "insert into appointment (firm_id, title, starts_at, ends_at) values (1, 'Ours', now(), now()) returning id",
    );
    expect(await refusalOf(changes.cancel(String(ours?.id)))).toMatchObject({ reason: "NOT_SYNCED" });
  });
});

test("every invariant holds afterwards", async () => {
  expect(await violations(app)).toEqual([]);
});
