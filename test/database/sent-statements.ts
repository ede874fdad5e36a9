import type { EntityManager } from "../../src/database/orm.js";

/** A statement as the server sends it. */
export interface SentStatement {
  sql: string;
  parameters: readonly unknown[];
}

/** What the pool of this entity manager sends while something is done. */
export async function sentStatements(em: EntityManager, deed: () => Promise<void>): Promise<SentStatement[]> {
  const sent: SentStatement[] = [];
  const executor = em.getConnection().getClient().getExecutor();
  const original = executor.executeQuery.bind(executor);
  executor.executeQuery = (query, ...rest) => {
    sent.push({ sql: query.sql, parameters: query.parameters });
    return original(query, ...rest);
  };
  await deed().finally(() => {
    executor.executeQuery = original;
  });
  return sent;
}
