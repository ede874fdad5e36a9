import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MikroORM, type EntityProperty } from "@mikro-orm/postgresql";
import { ormOptions } from "../../mikro-orm.config.js";
import { AppointmentStatus } from "../../src/appointments/appointment.entity.js";
import * as sync from "../../src/attempts/sync.enums.js";
import { eventCategories } from "../../src/audit/record.js";
import * as connections from "../../src/connections/calendar-connection.enums.js";
import type { EntityManager } from "../../src/database/orm.js";
import { everyField } from "../../src/appointments/local-change.js";
import { keyedOperations } from "../../src/idempotency/once-per-key.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();

/** Tables and columns that no entity has, and why. */
const unmapped: Record<string, string> = {
  calendar_consent: "read and written by one file alone; no list ever loads its secrets",
  calendar_credential: "read and written by one file alone, so that no list ever loads a token",
  idempotency_key: "looked up, written and swept by a statement each",
  seen_appointment: "written and compared in sets only",
};

function start() {
  return MikroORM.init({ ...ormOptions, clientUrl: database.urls.ownerUrl });
}

let orm: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  orm = await start();
});

afterAll(() => orm.close(true));

interface Column {
  type: string;
  isNullable: boolean;
}
type Columns = Record<string, Column>;

async function columnsByTable(em: EntityManager = orm.em): Promise<Record<string, Columns>> {
  const rows = await em.execute<{ name: string; column: string; type: string; is_nullable: boolean }[]>(
    `select c.relname as name, a.attname as column, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as is_nullable
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> 'migration'`,
  );
  const tables: Record<string, Columns> = {};
  for (const row of rows) (tables[row.name] ??= {})[row.column] = { type: row.type, isNullable: row.is_nullable };
  return tables;
}

const typeNames: Record<string, string> = { "timestamptz(3)": "timestamp(3) with time zone", int: "integer" };

function declared(properties: EntityProperty[]): Columns {
  const columns: Columns = {};
  for (const property of properties) {
    const [type = ""] = property.columnTypes;
    columns[property.fieldNames.join()] = { type: typeNames[type] ?? type, isNullable: property.nullable ?? false };
  }
  return columns;
}

function entityTables(): Record<string, Columns> {
  const entities = [...orm.getMetadata().getAll().values()];
  return Object.fromEntries(entities.map((entity) => [entity.tableName, declared(Object.values(entity.properties))]));
}

describe("what the entities declare", () => {
  test("is what the tables have: every column, its type and whether it may be null", async () => {
    const tables = Object.entries(await columnsByTable()).filter(([name]) => !(name in unmapped));
    expect(entityTables()).toEqual(Object.fromEntries(tables));
  });

  test("leaves out no table but those listed", async () => {
    const tables = Object.keys(await columnsByTable());
    expect(tables.filter((name) => !(name in entityTables())).sort()).toEqual(Object.keys(unmapped).sort());
  });

  test("names the id as primary key where the table has the firm before it", async () => {
    const keys = await orm.em.execute<{ name: string; key: string }[]>(
      `select c.relname as name, string_agg(a.attname, ',' order by place) as key
       from pg_class c join pg_index i on i.indrelid = c.oid and i.indisprimary
       cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
       join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum group by c.relname`,
    );
    for (const entity of orm.getMetadata().getAll().values()) {
      const key = keys.find(({ name }) => name === entity.tableName)?.key;
      const declaredKey = entity.getPrimaryProps().flatMap((property) => property.fieldNames);
      expect([key, key?.replace(/^firm_id,(?=id$)/, "")]).toContain(declaredKey.join());
    }
  });

  test.each([
    ["firm", "alter table firm alter column name drop not null"],
    ["firm", "alter table firm alter column created_at type timestamptz(6)"],
    ["sync_attempt", "alter table sync_attempt add column note text"],
    ["audit_event", "alter table audit_event drop column actor_id"],
  ])("would not be what %s has after: %s", async (table, change) => {
    const em = orm.em.fork();
    await em.begin();
    await em.execute(change);
    const columns = await columnsByTable(em).finally(() => em.rollback());
    expect(columns[table]).not.toEqual(entityTables()[table]);
  });
});

/** The values that a table's check lets a column have, or null where it has no such check. */
async function valuesOf(table: string, column: string): Promise<string[]> {
  const [row] = await orm.em.execute<{ definition: string }[]>(
    `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = '${table}_${column}_check'`,
  );
  return [...(row?.definition ?? "").matchAll(/'(\w+)'::text/g)].map((match) => String(match[1])).sort();
}

describe("the values that a column may have are those of the code:", () => {
  const attempt = { operation: sync.SyncOperation, direction: sync.SyncDirection, error_class: sync.SyncErrorClass };
  const columns: [table: string, column: string, values: object][] = [
    ["appointment", "status", AppointmentStatus],
    ["appointment", "unpushed_fields", Object.fromEntries(everyField.map((field) => [field, field]))],
    ["calendar_connection", "provider", connections.CalendarProvider],
    ["calendar_consent", "provider", connections.CalendarProvider],
    ["calendar_connection", "status", connections.CalendarConnectionStatus],
    ["calendar_connection", "status_reason", connections.ConnectionStatusReason],
    ["idempotency_key", "operation", Object.fromEntries(keyedOperations.map((name) => [name, name]))],
    ["sync_attempt", "provider", connections.CalendarProvider],
    ["sync_attempt", "status", sync.SyncAttemptStatus],
    ["sync_attempt", "state", sync.SyncAttemptState],
    ["sync_run", "status", sync.SyncRunStatus],
    ["sync_run", "trigger", sync.SyncTrigger],
    ...["sync_run", "sync_attempt"].flatMap((table) =>
      Object.entries(attempt).map(([column, values]): [string, string, object] => [table, column, values]),
    ),
  ];

  test.each(columns)("%s.%s", async (table, column, values) => {
    expect(await valuesOf(table, column)).toEqual(Object.keys(values).sort());
  });

  test("audit_event.event_category holds every category that is recorded", async () => {
    expect(await valuesOf("audit_event", "event_category")).toEqual(
      expect.arrayContaining([...new Set(Object.values(eventCategories))]),
    );
  });

  test("every column that is checked against a list is in this test", async () => {
    const rows = await orm.em.execute<{ name: string }[]>(
      `select c.relname || '.' || a.attname as name from pg_constraint k join pg_class c on c.oid = k.conrelid
       join pg_attribute a on a.attrelid = c.oid and k.conkey = array[a.attnum]
       where c.relnamespace = 'public'::regnamespace and not c.relispartition and k.contype = 'c'
         and pg_get_constraintdef(k.oid) like '%ARRAY[%'`,
    );
    const known = [
      ...columns.map(([table, column]) => `${table}.${column}`),
      "audit_event.event_category",
      "audit_event.severity",
    ];
    expect(rows.map(({ name }) => name).sort()).toEqual(known.sort());
  });
});
