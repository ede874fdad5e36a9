import { ormOptions } from "../../mikro-orm.config.js";
import { groupRoles } from "./logins.js";
import { queueSchema, queueSchemaVersion } from "./queue-schema.js";

/** Runs one statement and answers with its rows: `(sql) => em.execute(sql)`, or a pg client's query. */
export type RunSql = (sql: string) => Promise<unknown>;

export const migrationTable = ormOptions.migrations?.tableName ?? "mikro_orm_migrations";

/**
 * Names what this build knows and the database lacks, oldest first; empty when all is there. Any of the logins may ask. Migrations
 * that only a newer build knows do not count. pg-boss's tables must have exactly this build's version: it refuses others.
 */
export async function pendingMigrations(run: RunSql): Promise<string[]> {
  const applied = (await isThere(run, migrationTable)) ? await rowsOf(run, `select name from ${migrationTable}`) : [];
  const names = new Set(applied.map(({ name }) => name));
  const pending = knownMigrations().filter((name) => !names.has(name));
  return (await queueVersion(run)) === queueSchemaVersion ? pending : [...pending, `pg-boss ${queueSchemaVersion}`];
}

/** Lets the other logins ask. */
export const grantPendingMigrations = `grant select on ${migrationTable} to ${groupRoles.app}, ${groupRoles.system}`;

function knownMigrations(): string[] {
  return (ormOptions.migrations?.migrationsList ?? []).map((migration) => migration.name);
}

async function queueVersion(run: RunSql): Promise<number | null> {
  // A schema that is not there, or not yet opened to this login, has no version that it could read.
  const [schema] = await rowsOf(
    run,
    `select coalesce(has_schema_privilege(to_regnamespace('${queueSchema}')::oid, 'usage'), false) as is_open`,
  );
  if (schema?.["is_open"] !== true || !(await isThere(run, `${queueSchema}.version`))) return null;
  const [row] = await rowsOf(run, `select version from ${queueSchema}.version`);
  return Number(row?.["version"]);
}

async function isThere(run: RunSql, table: string): Promise<boolean> {
  const [row] = await rowsOf(
    run,
    `select coalesce(has_table_privilege(to_regclass('${table}')::oid, 'select'), false) as is_there`,
  );
  return row?.["is_there"] === true;
}

async function rowsOf(run: RunSql, sql: string): Promise<Record<string, unknown>[]> {
  return (await run(sql)) as Record<string, unknown>[];
}
