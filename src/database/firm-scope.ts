import { AsyncLocalStorage } from "node:async_hooks";
import { CompiledQuery, type QueryResult } from "kysely";
import type { EntityManager } from "./orm.js";
import { prepareFromNowOn } from "./prepared-statements.js";

const currentFirm = new AsyncLocalStorage<string>();

/** Which firm a pooled connection's session is bound to; absent for a fresh connection, which sees no rows at all. */
const boundFirms = new WeakMap<object, string>();

/** Everything that `work` does on the application's login sees and changes only this firm's rows. */
export function inFirm<T>(firmId: string, work: () => T): T {
  return currentFirm.run(firmId, work);
}

/** Equals no firm and is not "none": the next reservation binds anew. */
const unknownFirm = "unknown";

/** In scope while a connection is reserved whose transaction is bound by itself. */
const boundByTransaction = "by its transaction";

const binding = "select set_config('app.firm_id', $1, false)";

/** One connection, held as long as its work goes on. */
export interface Session {
  executeQuery(query: CompiledQuery): Promise<QueryResult<unknown>>;
}

/**
 * MikroORM's onReserveConnection hook: binds the session to the firm in scope, or to none, before its first statement. Binding
 * costs a round trip only when the connection served another firm before. The setting is the session's, made outside any
 * transaction, so no rollback undoes it; pooling by transaction in between would break it and is refused at start.
 */
export async function bindFirm(connection: unknown): Promise<void> {
  const session = connection as Session;
  const firmId = currentFirm.getStore() ?? "";
  if (firmId === boundByTransaction || (boundFirms.get(session) ?? "") === firmId) return;
  prepareFromNowOn(binding);
  boundFirms.set(session, unknownFirm); // until the statement below has answered
  try {
    await session.executeQuery(CompiledQuery.raw(binding, [firmId]));
  } catch (error) {
    void endSession(session);
    throw error;
  }
  boundFirms.set(session, firmId);
}

/** A connection as the one before has left it, for `work` to begin a transaction on: its statements see whatever firm that was bound to. */
export async function withUnboundSession<T>(em: EntityManager, work: (session: Session) => Promise<T>): Promise<T> {
  await em.getConnection().ensureConnection(); // which else reserves another one at the first statement
  return currentFirm.run(boundByTransaction, () => em.fork().getKysely().connection().execute(work));
}

/**
 * Begins a transaction that is bound to the firm as long as it lasts, with one message. Returns its time.
 * @throws Error for what is not an id
 */
export async function beginInFirm(session: Session, firmId: string): Promise<Date> {
  if (!/^\d+$/.test(firmId)) throw new Error("A firm's id has digits only");
  const begin = `begin; select set_config('app.firm_id', '${firmId}', true), now()::timestamptz(3) as now`;
  const { rows } = await session.executeQuery(CompiledQuery.raw(begin));
  return new Date((rows as { now: string }[])[0]?.now ?? NaN);
}

/** Kysely never gives back a connection whose hook failed; once it has ended, its place in the pool is free (ended-connections.ts). */
export async function endSession(session: Session): Promise<void> {
  await session.executeQuery(CompiledQuery.raw("select pg_terminate_backend(pg_backend_pid())")).catch(() => undefined);
}
