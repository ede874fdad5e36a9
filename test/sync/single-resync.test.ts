import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvent, at } from "../support/calendar.js";
import { auditOf, refusalOf, seen } from "../support/manager.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

interface Resync {
  message: string;
  externalEventId: string;
  result: {
    status: string;
    correlationId: string;
    syncedCount: number | null;
    errorCode: string | null;
    nextRetryAt: string | null;
  };
  run: { id: string; operation: string; unchangedCount: number };
  appointment: { title: string; status: string; statusReason: string | null; startsAt: string };
}

const mutation = `mutation ($id: ID!, $waitSeconds: Int) { resyncAppointment(appointmentId: $id, waitSeconds: $waitSeconds, reason: "asked") {
  message externalEventId result { status correlationId syncedCount errorCode nextRetryAt }
  run { id operation unchangedCount } appointment { title status statusReason startsAt } } }`;

async function resync(id: string, more: object = {}): Promise<Resync> {
  return (await app.manager<{ resyncAppointment: Resync }>(mutation, { id, ...more })).resyncAppointment;
}

/** A connection with one appointment, and the id of its event. */
async function given(account: string): Promise<{ connection: string; appointment: string; event: string }> {
  const connection = await app.connect(account);
  const event = addEvent(app.simulator, account, "Review");
  await app.pull(connection);
  const [row] = await app.sql<{ id: string }>("select id from appointment where connection_id = $1", [connection]);
  return { connection, appointment: String(row?.id), event };
}

const one = (account: string, event: string) => ({ account, pathRegex: `/events/${event}` });

describe("a resync of one appointment", () => {
  test("brings it up to date, and the audit says who asked", async () => {
    const account = "changed@example.com";
    const { connection, appointment, event } = await given(account);
    app.simulator.control.updateEvent(account, event, {
      title: "Review, moved",
      start: { dateTime: at(4, 9) },
      end: { dateTime: at(4, 10) },
    });

    const answer = await resync(appointment);

    expect(answer).toMatchObject({
      message: "Appointment resynced successfully",
      externalEventId: event,
      result: { status: "SUCCESS", syncedCount: 1, errorCode: null },
      run: { operation: "UPSERT" },
      appointment: { title: "Review, moved", status: "CONFIRMED" },
    });
    expect(Date.parse(answer.appointment.startsAt)).toBe(Date.parse(at(4, 9)));
    expect(await auditOf(app, answer.result.correlationId)).toEqual([
      "appointment_resync_requested info",
      "appointment_time_changed_by_sync info",
    ]);
    const [asked] = await app.sql<{ actor_id: string; metadata: object }>(
      "select actor_id, metadata from audit_event where correlation_id = $1 order by id limit 1",
      [answer.result.correlationId],
    );
    expect(asked).toEqual({
      actor_id: "manager-1",
      metadata: { external_event_id: event, connection_id: connection, reason: "asked", joined: false },
    });
  });

  test("whose event is gone cancels it: that is a success", async () => {
    const account = "gone@example.com";
    const { appointment, event } = await given(account);
    app.simulator.control.deleteEvent(account, event);
    expect(await resync(appointment)).toMatchObject({
      result: { status: "SUCCESS", syncedCount: 1 },
      appointment: { status: "CANCELLED", statusReason: "REMOVED_AT_PROVIDER" },
    });
  });

  test("whose calendar cannot be reached fails and leaves it as it is", async () => {
    const account = "unreachable@example.com";
    const { connection, appointment } = await given(account);
    app.simulator.control.addFault({ match: { account }, then: { status: 403, body: {} } });
    expect(await resync(appointment)).toMatchObject({
      message: expect.stringMatching(/^Resync failed: /),
      result: { status: "FAIL", errorCode: "ACCESS_FORBIDDEN" },
      appointment: { status: "CONFIRMED" },
    });
    // A success of the same appointment settles it.
    await resync(appointment);
    expect((await seen(app, connection)).failedAttempts.totalCount).toBe(0);

    app.simulator.control.addFault({
      match: { account },
      times: null,
      then: { status: 404, body: { error: { code: 404 } } },
    });
    expect(await resync(appointment)).toMatchObject({
      result: { status: "FAIL", errorCode: "CALENDAR_NOT_FOUND" },
      appointment: { status: "CONFIRMED" },
    });
    expect((await seen(app, connection)).syncStatus).toMatchObject({
      status: "REVOKED",
      statusReason: "CALENDAR_NOT_FOUND",
    });
  });

  test("does not overwrite what another pull has written since it asked", async () => {
    const account = "overtaken@example.com";
    const { connection, appointment, event } = await given(account);
    app.simulator.control.addFault({ match: one(account, event), when: "after", then: { delayMs: 3000 } });
    const asked = await resync(appointment, { waitSeconds: 0 });
    const isAsked = () =>
      app.simulator.control.requests({ account }).some(({ url }) => url.includes(`/events/${event}`));
    await until(() => Promise.resolve(isAsked()));
    app.simulator.control.updateEvent(account, event, { title: "Newer" });
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    await app.quiet(connection);

    const again = await resync(appointment, { waitSeconds: 0 });
    expect(again.appointment).toMatchObject({ title: "Newer" });
    const [run] = await app.sql("select status, unchanged_count, updated_count from sync_run where id = $1", [
      asked.run.id,
    ]);
    expect(run).toEqual({ status: "SUCCEEDED", unchanged_count: 1, updated_count: 0 });
    await app.quiet(connection);
  });

  test("is joined by another one of the same appointment", async () => {
    const account = "joined@example.com";
    const { appointment, event } = await given(account);
    app.simulator.control.addFault({ match: one(account, event), then: { delayMs: 1500 } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => resync(appointment)));
    expect(new Set(answers.map(({ result }) => `${result.status} ${result.correlationId}`)).size).toBe(1);
    const events = await auditOf(app, String(answers[0]?.result.correlationId));
    expect(events).toHaveLength(10);
  });

  test("is refused for what has no event, and not found for what is another firm's", async () => {
    const { connection, appointment } = await given("refused@example.com");
    const insert =
      "insert into appointment (firm_id, connection_id, title, starts_at, ends_at) values (1, $1, 'Ours', now(), now()) returning id";
    const [ours] = await app.sql<{ id: string }>(insert, [null]);
    const [unsent] = await app.sql<{ id: string }>(insert, [connection]);
    expect(await refusalOf(resync(String(ours?.id)))).toEqual({ code: "BAD_USER_INPUT", reason: "NOT_SYNCED" });
    expect(await refusalOf(resync(String(unsent?.id)))).toEqual({ code: "BAD_USER_INPUT", reason: "NO_EXTERNAL_ID" });
    for (const id of ["0", "x", "999999"]) expect(await refusalOf(resync(id))).toEqual({ code: "NOT_FOUND" });
    expect(await refusalOf(app.manager(mutation, { id: appointment }, "2"))).toEqual({ code: "NOT_FOUND" });
  });

  test("that waits conflicts with the replay of an older one, naming itself", async () => {
    const account = "older@example.com";
    const { connection, appointment, event } = await given(account);
    const replay = "mutation ($id: ID!) { replayAttempt(attemptId: $id) { result { status } } }";
    // The older run has failed for good, as if its retries were used up.
    app.simulator.control.addFault({
      match: one(account, event),
      then: { status: 429, headers: { "retry-after": "600" }, body: {} },
    });
    const older = await resync(appointment);
    expect(older.result.nextRetryAt).not.toBeNull();
    await app.sql(
      `with run as (
         update sync_run set status = 'FAILED', finished_at = now(), next_retry_at = null, job_id = null where id = $1 returning open_failure_id, connection_id
       ), failure as (
         update sync_attempt a set max_retries_reached = true, next_retry_at = null, provider_retry_at = null from run where a.id = run.open_failure_id
       )
       update connection_statistics s set open_retryable = 0, open_exhausted = 1 from run where s.connection_id = run.connection_id`,
      [older.run.id],
    );
    const [failed] = (await seen(app, connection, { includeExhausted: true })).failedAttempts.nodes;
    app.simulator.control.addFault({
      match: one(account, event),
      then: { status: 429, headers: { "retry-after": "600" }, body: {} },
    });
    const newer = await resync(appointment, { waitSeconds: 0 });
    expect(newer.run.id).not.toBe(older.run.id);

    expect(await refusalOf(app.manager(replay, { id: failed?.id }))).toEqual({
      code: "CONFLICT",
      reason: "RESYNC_ACTIVE",
      correlationId: newer.result.correlationId,
    });
  });
});
