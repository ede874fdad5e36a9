import { EventType } from "@mikro-orm/core";
import { CompiledQuery } from "kysely";
import pRetry from "p-retry";
import { inChildSpan } from "../tracing/span.js";
import { beginInFirm, endSession, inFirm, withUnboundSession, type Session } from "./firm-scope.js";
import type { EntityManager } from "./orm.js";
import { isOutdated } from "./prepared-statements.js";

/** One transaction of one firm: what is loaded, changed and recorded through `em` is committed together, or not at all. */
export interface UnitOfWork {
  em: EntityManager;
  firmId: string;
  /** The transaction's time by the database's clock. */
  now: Date;
}

/**
 * Runs `work` in a transaction bound to the firm and flushes it. After a deadlock, a serialization failure or a prepared statement
 * that a migration has made useless the whole work runs again on fresh entities, so it must do nothing but database work. Entities it
 * returns are detached.
 */
export async function unitOfWork<T>(
  em: EntityManager,
  firmId: string,
  work: (unit: UnitOfWork) => Promise<T>,
): Promise<T> {
  return inChildSpan("transaction", () =>
    pRetry(() => withUnboundSession(em, (session) => inFirm(firmId, () => inTransaction(em, session, firmId, work))), {
      retries: 5,
      minTimeout: 10,
      shouldRetry: ({ error }) => isWorthRepeating(error),
    }),
  );
}

async function inTransaction<T>(
  em: EntityManager,
  session: Session,
  firmId: string,
  work: (unit: UnitOfWork) => Promise<T>,
): Promise<T> {
  const own = em.fork();
  const result = await committed(own, session, firmId, work);
  // What counts committed work hears of it as of MikroORM's own transactions.
  await own.getEventManager().dispatchEvent(EventType.afterTransactionCommit, { em: own, uow: own.getUnitOfWork() });
  return result;
}

async function committed<T>(
  em: EntityManager,
  session: Session,
  firmId: string,
  work: (unit: UnitOfWork) => Promise<T>,
): Promise<T> {
  try {
    const now = await beginInFirm(session, firmId);
    em.setTransactionContext(session);
    const result = await work({ em, firmId, now });
    await em.flush();
    await session.executeQuery(CompiledQuery.raw("commit"));
    return result;
  } catch (error) {
    await undo(session);
    throw error;
  }
}

/** A session that cannot be brought out of its transaction must not serve anybody else. */
async function undo(session: Session): Promise<void> {
  try {
    await session.executeQuery(CompiledQuery.raw("rollback"));
  } catch {
    await endSession(session);
  }
}

const serializationFailure = "40001";
const deadlockDetected = "40P01";

function isWorthRepeating(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === serializationFailure || code === deadlockDetected || isOutdated(error);
}
