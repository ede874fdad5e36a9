import { MikroORM, type SqlEntityManager } from "@mikro-orm/postgresql";
import type { Pool } from "pg";
import { ormOptions } from "../../mikro-orm.config.js";
import { dropEndedConnections } from "./ended-connections.js";
import { bindFirm } from "./firm-scope.js";
import { preparePool } from "./prepared-statements.js";

export type { SqlEntityManager as EntityManager } from "@mikro-orm/postgresql";

export interface Database {
  readonly em: SqlEntityManager;
  close(): Promise<void>;
}

/** No statement may hang a request or a lock: the server ends it. */
const sessionLimits = {
  statement_timeout: 10_000,
  lock_timeout: 3_000,
  idle_in_transaction_session_timeout: 5_000,
};

/** The application's login: each session is bound to one firm at a time (see firm-scope.ts). */
export async function openDatabase(url: string, poolSize: number): Promise<Database> {
  return open(url, poolSize, bindFirm);
}

/**
 * The application's login on one session that lasts until it is closed, so that temporary tables stay, and whose statements may take long: for a
 * command that moves a lot at once, never to answer a client.
 */
export async function openLongSession(url: string): Promise<Database> {
  return open(url, 1, bindFirm, { idleTimeoutMillis: 0, lock_timeout: 60_000 });
}

/** The system login, which crosses firms: scheduling, status, verify. Never used to answer a client. */
export async function openSystemDatabase(url: string, poolSize: number): Promise<Database> {
  return open(url, poolSize);
}

async function open(
  url: string,
  poolSize: number,
  onReserve?: (connection: unknown) => Promise<void>,
  limits: object = sessionLimits,
): Promise<Database> {
  const orm = await MikroORM.init({
    ...ormOptions,
    clientUrl: url,
    pool: { min: 0, max: poolSize },
    driverOptions: {
      connectionString: url, // MikroORM takes the address alone from clientUrl and would drop sslmode and the like
      ...limits,
      connectionTimeoutMillis: 5_000,
      application_name: "calendar-sync-admin",
      onPoolCreated: (pool: Pool) => {
        dropEndedConnections(pool);
        preparePool(pool);
      },
    },
    ...(onReserve ? { onReserveConnection: onReserve } : {}),
  });
  return { em: orm.em.fork(), close: () => orm.close(true) };
}
