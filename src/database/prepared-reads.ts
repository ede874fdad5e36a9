import type { RawBuilder } from "kysely";
import type { Pool, PoolClient } from "pg";
import type { EntityManager } from "./orm.js";

/**
 * PostgreSQL plans a statement anew each time unless it has been prepared, and for a read of a partitioned table under row level
 * security planning takes several times as long as reading. So what reads a few rows by their ids is prepared, once a session. Nothing else
 * is: the one plan that would be kept for all pages of a list is a bad one for some, and changes are planned for the rows that they bring.
 */
const names = new Map<string, string>();

/** Filters can be put together in many ways: a session remembers that many statements, the others are planned each time. */
const mostStatements = 200;

/** The rows of a statement that answers a client. Its text must not hold values: those are parameters. */
export async function read<Row>(em: EntityManager, query: RawBuilder<Row>): Promise<Row[]> {
  const kysely = em.getKysely();
  const compiled = query.compile(kysely);
  prepareFromNowOn(compiled.sql);
  return (await kysely.executeQuery(compiled)).rows;
}

/** For a statement that is sent past `read`. */
export function prepareFromNowOn(text: string): void {
  if (!names.has(text) && names.size < mostStatements) names.set(text, `read_${names.size + 1}`);
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
    const name = typeof text === "string" && Array.isArray(values) ? names.get(text) : undefined;
    return name === undefined ? query(text, values, ...rest) : query({ name, text, values }, ...rest);
  };
  return send as PoolClient["query"]; // the same overloads, of which Kysely uses (text, values)
}
