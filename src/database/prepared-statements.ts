import type { QueryResult, RawBuilder } from "kysely";
import type { Pool, PoolClient } from "pg";
import type { EntityManager } from "./orm.js";

/**
 * PostgreSQL plans a statement anew each time unless it has been prepared, and for a read of a partitioned table under row level
 * security planning takes several times as long as reading. So what reads, locks or changes few rows is prepared, once a session. After five
 * times with its values PostgreSQL may keep one plan for all values: only what has a single sensible plan is sent so
 * (test/database/hot-queries.test.ts). Changes of many rows are planned for the rows that they bring. What changes below a prepared statement (a new
 * partition, index or column, fresh statistics) PostgreSQL notices by itself.
 */
const names = new Map<string, string>();
let lastName = 0;

/**
 * A plan for 13 partitions takes a session some 300 kB. About 100 statements are to be prepared; should there be more, as when
 * partitions come and go, the oldest makes room.
 */
const mostStatements = 150;

/** The rows of a statement that answers a client. Its text must not hold values: those are parameters. */
export async function read<Row>(em: EntityManager, query: RawBuilder<Row>): Promise<Row[]> {
  return (await prepared(em, query)).rows;
}

/** The same for a statement of an attempt's own course: it locks or changes what it finds by a key, whatever the values are. */
export function prepared<Row>(em: EntityManager, query: RawBuilder<Row>): Promise<QueryResult<Row>> {
  const kysely = em.getKysely();
  const compiled = query.compile(kysely);
  prepareFromNowOn(compiled.sql);
  return kysely.executeQuery(compiled);
}

/** For a statement that is sent past `read`. */
export function prepareFromNowOn(text: string): void {
  if (names.has(text)) return;
  const [oldest] = names.keys();
  if (names.size >= mostStatements && oldest !== undefined) names.delete(oldest);
  nameAnew(text);
}

/** Whether each session prepares that statement. */
export function isPrepared(text: string): boolean {
  return names.has(text);
}

/** A name stands for one text for ever: a session that has prepared it would refuse another. */
function nameAnew(text: string): void {
  lastName += 1;
  names.set(text, `prepared_${lastName}`);
}

/** Gives the statements of such a pool's sessions their names: Kysely has no place for a name, so its client is given one that has. */
export function preparePool(pool: Pool): void {
  pool.on("connect", (client) => {
    client.query = named(client);
  });
}

function named(client: PoolClient): PoolClient["query"] {
  const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>;
  const send = (text: unknown, values: unknown, ...rest: unknown[]) => {
    const name = typeof text === "string" && Array.isArray(values) && rest.length === 0 ? names.get(text) : undefined;
    if (typeof text !== "string") return query(text, values, ...rest);
    if (name === undefined) return query(text, values, ...rest).then(lastAnswer);
    return query({ name, text, values }).catch((error: unknown) => {
      if (!isOutdated(error)) throw error;
      if (names.get(text) === name) nameAnew(text);
      return query(text, values).catch(() => Promise.reject(error as Error)); // in a transaction it is too late
    });
  };
  return send as PoolClient["query"]; // the same overloads, of which Kysely uses (text, values)
}

/** Of a text with several statements, the last one's, which pg gives as a list and Kysely does not expect. */
function lastAnswer(answer: unknown): unknown {
  return Array.isArray(answer) ? answer.at(-1) : answer;
}

const invalidStatementName = "26000";
const featureNotSupported = "0A000";

/**
 * The session's prepared statement is of no use any more: a migration has changed the type of a column that it returns, or somebody has
 * discarded it. It would fail for as long as the session lives.
 */
export function isOutdated(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === invalidStatementName || (code === featureNotSupported && String(message).startsWith("cached plan"));
}
