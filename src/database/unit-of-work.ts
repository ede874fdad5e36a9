import { sql } from "kysely";
import pRetry from "p-retry";
import { inChildSpan } from "../tracing/span.js";
import { inFirm } from "./firm-scope.js";
import type { EntityManager } from "./orm.js";

/** One transaction of one firm: what is loaded, changed and recorded through `em` is committed together, or not at all. */
export interface UnitOfWork {
  em: EntityManager;
  firmId: string;
  /** The transaction's time by the database's clock. */
  now: Date;
}

/**
 * Runs `work` in a transaction bound to the firm and flushes it. After a deadlock or a serialization failure the whole work runs
 * again on fresh entities, so it must do nothing but database work. Entities it returns are detached.
 */
export async function unitOfWork<T>(
  em: EntityManager,
  firmId: string,
  work: (unit: UnitOfWork) => Promise<T>,
): Promise<T> {
  return inFirm(firmId, () =>
    inChildSpan("transaction", () =>
      pRetry(() => em.fork().transactional(async (tx) => work({ em: tx, firmId, now: await transactionTime(tx) })), {
        retries: 5,
        minTimeout: 10,
        shouldRetry: ({ error }) => isWorthRepeating(error),
      }),
    ),
  );
}

async function transactionTime(em: EntityManager): Promise<Date> {
  const { rows } = await sql<{ now: string }>`select now()::timestamptz(3) as now`.execute(em.getKysely());
  return new Date(String(rows[0]?.now));
}

const serializationFailure = "40001";
const deadlockDetected = "40P01";

function isWorthRepeating(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === serializationFailure || code === deadlockDetected;
}
