import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type pg from "pg";
import { Appointment } from "../../src/appointments/appointment.entity.js";
import { SyncAttempt } from "../../src/attempts/sync-attempt.entity.js";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { AuditEvent } from "../../src/audit/audit-event.entity.js";
import { CalendarConnection } from "../../src/connections/calendar-connection.entity.js";
import { ConnectionStatistics } from "../../src/connections/connection-statistics.entity.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { unitOfWork, type UnitOfWork } from "../../src/database/unit-of-work.js";
import { Firm } from "../../src/firms/firm.entity.js";
import { exampleRow, insertRow } from "../support/rows.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();

/** The largest id, and one that a JavaScript number would round. */
const largest = "9223372036854775807";
const unroundable = "9007199254740993";
const ids = [largest, unroundable, "1"];

let opened: Database;
let owner: pg.Client;

beforeAll(async () => {
  owner = await database.session("owner");
  opened = await openDatabase(database.urls.appUrl, 2);
});

afterAll(() => opened.close());

function inUnit<T>(firmId: string, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
  return unitOfWork(opened.em, firmId, work);
}

/** One of each, all under the same id, all made as entities. */
async function createWithId(unit: UnitOfWork, id: string): Promise<void> {
  const { em, firmId, now } = unit;
  const nothing = { startDate: null, endDate: null, requestedById: null, reason: null, jobId: null, pageToken: null };
  em.create(Firm, { id: firmId, name: "Firm", createdAt: now });
  await em.flush();
  em.create(CalendarConnection, {
    ...{
      firmId,
      id,
      provider: "GOOGLE",
      status: "ACTIVE",
      ownerId: "1",
      accountEmail: "a@example.com",
      calendarId: "c",
    },
    ...{
      createdAt: now,
      updatedAt: now,
      statusReason: null,
      statusChangedAt: null,
      calendarName: null,
      windowStart: null,
    },
    ...{ windowEnd: null, cursor: null, cursorFingerprint: null, nextPullAt: null },
  });
  await em.flush();
  em.create(Appointment, {
    ...{
      firmId,
      id,
      connectionId: id,
      title: "t",
      status: "CONFIRMED",
      statusReason: null,
      startsAt: now,
      endsAt: now,
    },
    ...{
      isAllDay: false,
      timeZone: null,
      externalEventId: "e",
      recurringEventId: null,
      createdAt: now,
      updatedAt: now,
    },
  });
  await em.flush();
  em.create(SyncRun, {
    ...{ ...nothing, firmId, id, connectionId: id, appointmentId: id, operation: "UPSERT", direction: "PULL" },
    ...{
      trigger: "SCHEDULE",
      status: "RETRYING",
      openFailureId: id,
      lastAttemptId: id,
      nextRetryAt: now,
      createdAt: now,
    },
    ...{ correlationId: crypto.randomUUID(), roundStart: null, roundEnd: null, startedAt: null, finishedAt: null },
    ...{ errorClass: null, errorCode: null, errorSummary: null },
  });
  em.create(SyncAttempt, {
    ...{ firmId, id, runId: id, connectionId: id, appointmentId: id, resolvedById: id, provider: "GOOGLE" },
    ...{ operation: "UPSERT", direction: "PULL", status: "FAIL", state: "RESOLVED", retryCount: 0, nextRetryAt: null },
    ...{
      errorClass: "TRANSIENT",
      errorCode: "TIMEOUT",
      errorSummary: "s",
      providerStatus: null,
      providerRequestId: null,
    },
    ...{ startedAt: now, finishedAt: now, correlationId: crypto.randomUUID() },
  });
  em.create(AuditEvent, {
    ...{ firmId, id, eventType: "t", eventCategory: "audit", severity: "info", actorId: null, resourceType: "firm" },
    ...{ resourceId: id, correlationId: null, metadata: { id }, createdAt: now },
  });
}

describe("ids", () => {
  test.each(ids)("up to the largest are kept and read back as they are: %s", async (id) => {
    await inUnit(id, (unit) => createWithId(unit, id));
    const read = await inUnit(id, async ({ em }) => ({
      firm: (await em.findOneOrFail(Firm, { id })).id,
      connection: await em.findOneOrFail(CalendarConnection, { firmId: id, id }),
      appointment: await em.findOneOrFail(Appointment, { firmId: id, id, connectionId: id }),
      run: await em.findOneOrFail(SyncRun, { firmId: id, id, lastAttemptId: id }),
      attempt: await em.findOneOrFail(SyncAttempt, { firmId: id, id, runId: id }),
      event: await em.findOneOrFail(AuditEvent, { firmId: id, id, resourceId: id }),
    }));
    expect(read).toMatchObject({
      ...{ firm: id, connection: { firmId: id, id }, appointment: { firmId: id, id, connectionId: id } },
      run: { firmId: id, id, connectionId: id, appointmentId: id, lastAttemptId: id, openFailureId: id },
      attempt: { firmId: id, id, runId: id, connectionId: id, appointmentId: id, resolvedById: id },
      event: { firmId: id, id, resourceId: id, metadata: { id } },
    });
  });

  test("that a number would round together stay two", async () => {
    const [id, neighbour] = [unroundable, String(BigInt(unroundable) - 1n)];
    expect(Number(id)).toBe(Number(neighbour));
    expect(await inUnit(id, ({ em }) => em.findOne(SyncRun, { firmId: id, id: neighbour }))).toBeNull();
  });

  test("are written by changes where they belong", async () => {
    for (const id of ids)
      await inUnit(id, async ({ em }) => {
        (await em.findOneOrFail(SyncAttempt, { firmId: id, id })).resolvedById = unroundable;
      });
    const { rows } = await owner.query("select id, resolved_by_id from sync_attempt order by id desc");
    expect(rows).toEqual(ids.map((id) => ({ id, resolved_by_id: unroundable })));
  });

  test("are left to the database where none is given", async () => {
    const event = await inUnit("1", async ({ em, firmId, now }) => {
      const created = em.create(AuditEvent, {
        ...{ firmId, eventType: "t", eventCategory: "audit", severity: "info", actorId: null, resourceType: "firm" },
        ...{ resourceId: firmId, correlationId: null, metadata: {}, createdAt: now },
      });
      await em.flush();
      return created.id;
    }).catch((error: unknown) => error);
    // The identity begins at 1, which the row above has brought along; the next try gets the next number.
    expect(event).toMatchObject({ code: "23505" });
  });

  test("of counters count to the largest number too", async () => {
    await inUnit("1", async ({ em }) => {
      const counters = await em.findOneOrFail(ConnectionStatistics, { firmId: "1", connectionId: "1" });
      Object.assign(counters, { successes: largest, archivedSuccesses: unroundable });
    });
    const read = await inUnit("1", ({ em }) =>
      em.findOneOrFail(ConnectionStatistics, { firmId: "1", connectionId: "1" }),
    );
    expect(read).toMatchObject({ firmId: "1", connectionId: "1", successes: largest, archivedSuccesses: unroundable });
  });
});

describe("times", () => {
  const firmId = "5";
  const range = { min: new Date("0001-01-02T00:00:00Z"), max: new Date("9999-12-30T00:00:00Z"), noInvalidDate: true };

  beforeAll(async () => {
    for (const table of ["firm", "calendar_connection", "appointment"])
      await insertRow(owner, table, exampleRow(table, firmId));
  });

  async function throughEntity(pool: Database, instant: Date): Promise<Date[]> {
    await unitOfWork(pool.em, firmId, async ({ em }) => {
      const appointment = await em.findOneOrFail(Appointment, { firmId });
      Object.assign(appointment, { startsAt: instant, endsAt: instant });
    });
    const read = await unitOfWork(pool.em, firmId, ({ em }) =>
      em.findOneOrFail(Appointment, { firmId, startsAt: instant }),
    );
    return [read.startsAt, read.endsAt];
  }

  async function millisecondsStored(): Promise<number> {
    const { rows } = await owner.query<{ ms: string }>(
      "select (extract(epoch from starts_at) * 1000)::bigint as ms from appointment where firm_id = $1",
      [firmId],
    );
    return Number(rows[0]?.ms);
  }

  test.each(["UTC", "Asia/Kolkata", "America/St_Johns"])(
    "keep every millisecond through entities, in a database whose time zone is %s",
    async (zone) => {
      const url = new URL(database.urls.appUrl);
      url.searchParams.set("options", `-c timezone=${zone}`);
      const pool = await openDatabase(url.href, 1);
      const keeps = fc.asyncProperty(fc.date(range), async (instant) => {
        expect(await throughEntity(pool, instant)).toEqual([instant, instant]);
        expect(await millisecondsStored()).toBe(instant.getTime());
      });
      const examples: [Date][] = [
        "2026-01-15T09:00:00.001Z",
        "2026-03-29T01:00:00.999Z",
        "1969-12-31T23:59:59.999Z",
      ].map((text) => [new Date(text)]);
      await fc.assert(keeps, { numRuns: 60, examples }).finally(() => pool.close());
    },
  );

  test("more exact than a millisecond are rounded when they are written, so that a Date says all there is", async () => {
    await owner.query(
      "update appointment set starts_at = '2026-01-15T09:00Z', ends_at = '2026-01-15T10:00:00.123456Z' where firm_id = $1",
      [firmId],
    );
    const { rows } = await owner.query("select ends_at::text from appointment where firm_id = $1", [firmId]);
    expect(rows).toEqual([{ ends_at: "2026-01-15 10:00:00.123+00" }]);
    const loose = await owner.query<{ name: string }>(
      `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'migration'
         and format_type(a.atttypid, a.atttypmod) like '%time%' and a.atttypmod <> 3`,
    );
    expect(loose.rows).toEqual([]);
  });
});
