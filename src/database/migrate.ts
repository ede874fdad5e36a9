import { MikroORM } from "@mikro-orm/postgresql";
import type pg from "pg";
import { ormOptions } from "../../mikro-orm.config.js";
import { advisoryLock, migrationLock } from "./advisory-lock.js";
import { DatabaseSetupError } from "./database-setup-error.js";
import { errorCode, errorMessage } from "./error-code.js";
import { ensureLogins } from "./logins.js";
import { grantPendingMigrations, pendingMigrations } from "./pending-migrations.js";
import { installQueue, isQueueCurrent } from "./queue-schema.js";
import { connectWhenReady, type DatabaseLog } from "./wait-for-database.js";

export interface MigrateOptions {
  ownerUrl: string;
  systemUrl: string;
  appUrl: string;
  log: DatabaseLog;
  /** How long a database that is not there yet is waited for. Default 60 s. */
  waitSeconds?: number;
}

/**
 * Brings the database to this version: group roles and memberships, tables, the queue, grants. Any number of processes may call
 * it at once; one works, the others wait and find it done. Forward only: what a newer version has added stays.
 * @throws DatabaseSetupError
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const owner = await connectWhenReady(options.ownerUrl, options);
  try {
    await advisoryLock(owner, migrationLock, () => {
      options.log.info("another process is migrating the database; waiting for it");
    });
    await ensureLogins(owner, options);
    await applyPending(owner, options);
  } catch (error) {
    throw errorCode(error) === "42501" ? mayNotMigrate(owner, error) : error;
  } finally {
    await owner.end().catch(() => undefined); // which also drops the lock
  }
}

async function applyPending(owner: pg.Client, { ownerUrl, log }: MigrateOptions): Promise<void> {
  const pending = await pendingMigrations((sql) => owner.query<Record<string, unknown>>(sql).then(({ rows }) => rows));
  if (pending.length > 0) {
    log.info({ migrations: pending }, "migrating the database");
    await runMigrations(ownerUrl);
    await owner.query(grantPendingMigrations);
  }
  if (!(await isQueueCurrent(owner))) await installQueue(ownerUrl, owner);
}

async function runMigrations(ownerUrl: string): Promise<void> {
  const orm = await MikroORM.init({
    ...ormOptions,
    clientUrl: ownerUrl,
    driverOptions: { connectionString: ownerUrl }, // with what its query says: clientUrl gives MikroORM the address alone
    pool: { min: 0, max: 2 },
    logger: () => undefined,
  });
  try {
    await orm.migrator.up();
  } finally {
    await orm.close(true);
  }
}

function mayNotMigrate(owner: pg.Client, cause: unknown): DatabaseSetupError {
  const sql = `alter database ${owner.database ?? ""} owner to ${owner.user ?? ""};`;
  return new DatabaseSetupError(
    `The login ${owner.user ?? ""} (DATABASE_OWNER_URL) may not migrate the database (${errorMessage(cause)}). Let a DBA run: ${sql}`,
    { cause },
  );
}
