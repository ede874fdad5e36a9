import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import type { EntityManager } from "../database/orm.js";
import { read } from "../database/prepared-statements.js";
import { Conditions } from "../graphql/conditions.js";
import { parseId } from "../id.js";

interface Sum {
  sum: string;
}

/** Open failures of the firm, or of one connection, from the counters: exact however many there are. */
export function sumOfOpenFailures(
  context: Context,
  connectionId: string | null | undefined,
  includeExhausted: boolean,
): RawBuilder<Sum> {
  const exhausted = includeExhausted ? sql`s.open_exhausted` : sql`0`;
  return sumOfCounters(context, connectionId, sql`s.open_retryable + s.open_non_retryable + ${exhausted}`);
}

/** Attempts that are kept, finished and running ones, likewise. What retention has dropped is no longer listed. */
export async function countAllAttempts(context: Context, connectionId: string | null | undefined): Promise<number> {
  const { actor, em } = context;
  const finished = await sumOf(
    em,
    sumOfCounters(
      context,
      connectionId,
      sql`s.successes + s.transient_failures + s.rate_limited_failures + s.non_retryable_failures
      - s.archived_successes - s.archived_transient_failures - s.archived_rate_limited_failures - s.archived_non_retryable_failures`,
    ),
  );
  const running = new Conditions()
    .and(sql`a.firm_id = ${actor.firmId} and a.status = 'RUNNING'`)
    .givenId(connectionId, parseId, (id) => sql`a.connection_id = ${id}`);
  return finished + (await sumOf(em, sql<Sum>`select count(*) as sum from sync_attempt a where ${running.sql}`));
}

function sumOfCounters(
  { actor }: Context,
  connectionId: string | null | undefined,
  counters: RawBuilder<unknown>,
): RawBuilder<Sum> {
  const conditions = new Conditions()
    .and(sql`s.firm_id = ${actor.firmId}`)
    .givenId(connectionId, parseId, (id) => sql`s.connection_id = ${id}`);
  return sql<Sum>`select coalesce(sum(${counters}), 0) as sum from connection_statistics s where ${conditions.sql}`;
}

/** What a statement of one row sums up to. */
export async function sumOf(em: EntityManager, query: RawBuilder<Sum>): Promise<number> {
  const [row] = await read(em, query);
  return Number(row?.sum);
}
