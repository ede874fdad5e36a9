import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { quickRetries, TestApp } from "../support/app.js";
import { addEvent, at } from "../support/calendar.js";
import { auditOf } from "../support/manager.js";
import { storedAndProvided } from "../support/stored.js";
import { violations } from "../faults/lost-workers.js";
import { Changes, provided, visit, writes } from "./changes.js";

jest.setTimeout(120_000);

let app: TestApp;
let changes: Changes;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ...quickRetries, MAX_RETRIES: "1" } });
  changes = new Changes(app);
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

const lost = { destroy: true };

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("with %s", (provider) => {
  /** A full round, at once. */
  const resync = (connection: string) =>
    app.manager("mutation ($id: ID!) { resyncConnection(connectionId: $id) { message } }", { id: connection });

  /** The exhausted push is tried once more after the next success, when it has rested since the last time. */
  async function recover(connection: string): Promise<void> {
    const rested =
      "update sync_run set finished_at = finished_at - interval '1 hour' where connection_id = $1 and status = 'FAILED'";
    await app.sql(rested, [connection]);
    await resync(connection);
    await app.quiet(connection);
  }

  const accountOf = (name: string) => `${name}.${provider.toLowerCase()}@example.com`;

  async function given(name: string) {
    const account = accountOf(name);
    const connection = await app.connect(account, "1", provider);
    return { account, connection };
  }

  /** With an event of the calendar's user, pulled. */
  async function givenEvent(name: string) {
    const { account, connection } = await given(name);
    const event = addEvent(app.simulator, account, "Review");
    await resync(connection);
    const [row] = await app.sql<{ id: string }>("select id from appointment where connection_id = $1", [connection]);
    return { account, connection, event, appointment: String(row?.id) };
  }

  /** The next pull finds nothing new, and what is stored is what the provider shows. */
  async function expectEcho(connection: string): Promise<void> {
    const before = await app.sql("select id, updated_at from appointment where connection_id = $1 order by id", [
      connection,
    ]);
    const run = await app.pull(connection);
    const counts = "select created_count + updated_count + cancelled_count as changed from sync_run where id = $1";
    expect(await app.sql(counts, [run])).toEqual([{ changed: 0 }]);
    const after = await app.sql("select id, updated_at from appointment where connection_id = $1 order by id", [
      connection,
    ]);
    expect(after).toEqual(before);
    const { stored, provided: told } = await storedAndProvided(app, connection);
    expect(stored).toEqual(told);
  }

  test("an appointment is made, changed and called off, and its event with it", async () => {
    const { account, connection } = await given("whole");
    await resync(connection);

    const made = await changes.create(connection, { reason: "asked", timeZone: "Europe/Berlin", isTentative: true });
    expect(made).toMatchObject({
      message: "Appointment created and pushed",
      result: { status: "SUCCESS", syncedCount: 1 },
      run: {
        operation: "UPSERT",
        direction: "PUSH",
        trigger: "LOCAL_CHANGE",
        requestedById: "manager-1",
        createdCount: 1,
      },
      appointment: { title: "Visit", status: "TENTATIVE", timeZone: "Europe/Berlin" },
    });
    expect(made.appointment.externalEventId).not.toBeNull();
    expect(provided(app, account)).toEqual([`Visit ${at(1, 9)} tentative`]);
    expect(await auditOf(app, made.result.correlationId)).toEqual(["appointment_created info"]);
    await expectEcho(connection);

    const { id } = made.appointment;
    const changed = await changes.update(id, { title: "Visit, moved", startsAt: at(2, 9), endsAt: at(2, 11) });
    expect(changed).toMatchObject({
      message: "Appointment updated and pushed",
      run: { updatedCount: 1, createdCount: 0 },
    });
    expect(provided(app, account)).toEqual([`Visit, moved ${at(2, 9)} tentative`]);
    expect(
      await app.sql("select metadata from audit_event where correlation_id = $1", [changed.result.correlationId]),
    ).toEqual([
      { metadata: { connection_id: connection, changed_fields: ["title", "times"], reason: null, joined: false } },
    ]);
    await expectEcho(connection);

    const calledOff = await changes.cancel(id);
    expect(calledOff).toMatchObject({
      message: "Appointment cancelled and pushed",
      run: { operation: "DELETE", cancelledCount: 1 },
      appointment: { status: "CANCELLED", statusReason: "CANCELLED_HERE" },
    });
    expect(provided(app, account)).toEqual([]);
    await expectEcho(connection);
  });

  test("an all-day appointment is an all-day event", async () => {
    const { account, connection } = await given("allday");
    await resync(connection);
    const made = await changes.create(connection, { startsAt: at(3, 0), endsAt: at(5, 0), isAllDay: true });
    expect(made).toMatchObject({ result: { status: "SUCCESS" }, appointment: { isAllDay: true } });
    const [event] = app.simulator.control.occurrences(account, new Date(at(0)), new Date(at(9)));
    expect(event).toMatchObject({ isAllDay: true, startsAt: at(3, 0), endsAt: at(5, 0) });
    await expectEcho(connection);
  });

  test("an answer that is lost makes no second event, and no second change", async () => {
    const { account, connection } = await given("lost");
    await resync(connection);
    app.simulator.control.addFault({
      match: { account, method: "POST", pathRegex: "/events" },
      when: "after",
      then: lost,
    });
    const made = await changes.create(connection);
    expect(made.result.status).toBe("SUCCESS");
    expect(provided(app, account)).toHaveLength(1);

    const { id } = made.appointment;
    app.simulator.control.addFault({ match: { account, method: "PATCH" }, when: "after", then: lost });
    expect(await changes.update(id, { title: "Changed once" })).toMatchObject({ result: { status: "SUCCESS" } });
    expect(provided(app, account)).toEqual([`Changed once ${at(1, 9)} confirmed`]);

    app.simulator.control.addFault({ match: { account, method: "DELETE" }, when: "after", then: lost });
    expect(await changes.cancel(id)).toMatchObject({ result: { status: "SUCCESS" } });
    expect(provided(app, account)).toEqual([]);
    await expectEcho(connection);
  });

  test("what somebody changes in the calendar meanwhile stays, but for what we have changed", async () => {
    const { account, connection, event, appointment } = await givenEvent("conflict");
    app.simulator.control.updateEvent(account, event, {
      title: "Theirs",
      start: { dateTime: at(4, 9) },
      end: { dateTime: at(4, 10) },
    });
    const changed = await changes.update(appointment, { title: "Ours" });
    expect(changed).toMatchObject({ result: { status: "SUCCESS" }, appointment: { title: "Ours" } });
    expect(Date.parse(changed.appointment.startsAt)).toBe(Date.parse(at(4, 9)));
    expect(provided(app, account)).toEqual([`Ours ${at(4, 9)} confirmed`]);
    expect(await auditOf(app, changed.result.correlationId)).toEqual([
      "appointment_updated info",
      "appointment_time_changed_by_sync info",
    ]);
    await expectEcho(connection);
  });

  test("a pull keeps what is not pushed yet, and takes the rest", async () => {
    const { account, connection, event, appointment } = await givenEvent("unpushed");
    app.simulator.control.addFault({
      match: { account, method: "PATCH" },
      times: null,
      then: { status: 503, body: "" },
    });
    const failed = await changes.update(appointment, { title: "Ours" });
    expect(failed.result).toMatchObject({ status: "FAIL", errorCode: "PROVIDER_UNAVAILABLE" });
    app.simulator.control.updateEvent(account, event, {
      title: "Theirs",
      start: { dateTime: at(4, 9) },
      end: { dateTime: at(4, 10) },
    });
    await app.pull(connection);
    const [row] = await app.sql("select title, starts_at, unpushed_fields from appointment where id = $1", [
      appointment,
    ]);
    expect(row).toEqual({ title: "Ours", starts_at: new Date(at(4, 9)), unpushed_fields: ["title"] });
    app.simulator.control.clearFaults();
    await recover(connection);
    expect(provided(app, account)).toEqual([`Ours ${at(4, 9)} confirmed`]);
    await expectEcho(connection);
  });

  test("a removal in the calendar wins over our change", async () => {
    const { account, connection, event, appointment } = await givenEvent("gone");
    app.simulator.control.deleteEvent(account, event);
    const changed = await changes.update(appointment, { title: "Ours" });
    expect(changed).toMatchObject({
      result: { status: "SUCCESS" },
      run: { cancelledCount: 1, updatedCount: 0 },
      appointment: { status: "CANCELLED", statusReason: "REMOVED_AT_PROVIDER" },
    });
    expect(await auditOf(app, changed.result.correlationId)).toEqual([
      "appointment_updated info",
      "appointment_cancelled_by_sync info",
    ]);
    await expectEcho(connection);
  });

  test("our cancellation wins over any change in the calendar", async () => {
    const { account, connection, event, appointment } = await givenEvent("calledoff");
    app.simulator.control.addFault({
      match: { account, method: "DELETE" },
      times: null,
      then: { status: 503, body: "" },
    });
    expect(await changes.cancel(appointment)).toMatchObject({ result: { status: "FAIL" } });
    app.simulator.control.updateEvent(account, event, { title: "Theirs" });
    await app.pull(connection);
    const status = "select status, status_reason from appointment where id = $1";
    expect(await app.sql(status, [appointment])).toEqual([{ status: "CANCELLED", status_reason: "CANCELLED_HERE" }]);
    app.simulator.control.clearFaults();
    await recover(connection);
    expect(provided(app, account)).toEqual([]);
    await expectEcho(connection);
  });

  test("a pull that meets the event of a lost answer first makes no second appointment of it", async () => {
    const { account, connection } = await given("adopted");
    await resync(connection);
    const post = { account, method: "POST", pathRegex: "/events" };
    app.simulator.control.addFault({ match: post, when: "after", then: { delayMs: 2_500 } });
    const asked = await changes.create(connection, { waitSeconds: 0 });
    while (provided(app, account).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    const adopted = "select id from appointment where connection_id = $1 and external_event_id is not null";
    while ((await app.sql(adopted, [connection])).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await app.quiet(connection);
    const rows = await app.sql("select id, title, unpushed_fields from appointment where connection_id = $1", [
      connection,
    ]);
    expect(rows).toEqual([{ id: asked.appointment.id, title: "Visit", unpushed_fields: [] }]);
    await app.sql("update calendar_connection set next_pull_at = null where id = $1", [connection]);
    await expectEcho(connection);
  });

  test("an event that a pull has taken for somebody else's is given back, and its copy called off", async () => {
    const { account, connection } = await given("copied");
    await resync(connection);
    app.simulator.control.addFault({
      match: { account, method: "POST", pathRegex: "/events" },
      times: null,
      when: "after",
      then: lost,
    });
    const made = await changes.create(connection);
    expect(made.result.status).toBe("FAIL");
    // As if the pull were of a release that knows no keys.
    await app.sql("update appointment set connection_id = null, unpushed_fields = '{}' where id = $1", [
      made.appointment.id,
    ]);
    await app.pull(connection);
    await app.sql("update appointment set connection_id = $2, unpushed_fields = '{status,times,title}' where id = $1", [
      made.appointment.id,
      connection,
    ]);
    app.simulator.control.clearFaults();
    await changes.update(made.appointment.id, { title: "Visit, again" });
    await app.quiet(connection);
    const rows = await app.sql(
      "select id, status, status_reason, external_event_id is not null as has_event from appointment where connection_id = $1 order by id",
      [connection],
    );
    expect(rows).toEqual([
      { id: made.appointment.id, status: "CONFIRMED", status_reason: null, has_event: true },
      { id: expect.any(String), status: "CANCELLED", status_reason: "DUPLICATE", has_event: false },
    ]);
    expect(provided(app, account)).toEqual([`Visit, again ${visit.startsAt} confirmed`]);
    await expectEcho(connection);
    expect(writes(app, account)).not.toContain("DELETE 204");
  });
});

test("every invariant holds afterwards", async () => {
  expect(await violations(app)).toEqual([]);
});
