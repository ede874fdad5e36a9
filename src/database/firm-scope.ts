import { AsyncLocalStorage } from "node:async_hooks";
import { CompiledQuery } from "kysely";
import { prepareFromNowOn } from "./prepared-reads.js";

const currentFirm = new AsyncLocalStorage<string>();

/** Which firm a pooled connection's session is bound to; absent for a fresh connection, which sees no rows at all. */
const boundFirms = new WeakMap<object, string>();

/** Everything that `work` does on the application's login sees and changes only this firm's rows. */
export function inFirm<T>(firmId: string, work: () => T): T {
  return currentFirm.run(firmId, work);
}

/** Equals no firm and is not "none": the next reservation binds anew. */
const unknownFirm = "unknown";

const binding = "select set_config('app.firm_id', $1, false)";

interface PooledConnection {
  executeQuery(query: CompiledQuery): Promise<unknown>;
}

/**
 * MikroORM's onReserveConnection hook: binds the session to the firm in scope, or to none, before its first statement. Binding
 * costs a round trip only when the connection served another firm before. The setting is the session's, made outside any
 * transaction, so no rollback undoes it; pooling by transaction in between would break it and is refused at start.
 */
export async function bindFirm(connection: unknown): Promise<void> {
  const session = connection as PooledConnection;
  const firmId = currentFirm.getStore() ?? "";
  if ((boundFirms.get(session) ?? "") === firmId) return;
  prepareFromNowOn(binding);
  boundFirms.set(session, unknownFirm); // until the statement below has answered
  try {
    await session.executeQuery(CompiledQuery.raw(binding, [firmId]));
  } catch (error) {
    endSession(session);
    throw error;
  }
  boundFirms.set(session, firmId);
}

/** Kysely never gives back a connection whose hook failed; once it has ended, its place in the pool is free (ended-connections.ts). */
function endSession(session: PooledConnection): void {
  session.executeQuery(CompiledQuery.raw("select pg_terminate_backend(pg_backend_pid())")).catch(() => undefined);
}
