import { sql, type RawBuilder } from "kysely";
import type { Context } from "../context.js";
import { Conditions } from "../graphql/conditions.js";
import { parseId } from "../id.js";

/** Open failures of the firm, or of one connection, from the counters: exact however many there are. */
export async function countOpenFailures(
  context: Context,
  connectionId: string | null | undefined,
  includeExhausted: boolean,
): Promise<number> {
  const exhausted = includeExhausted ? sql`s.open_exhausted` : sql`0`;
  return sumOfCounters(context, connectionId, sql`s.open_retryable + s.open_non_retryable + ${exhausted}`);
}

/** Attempts that are kept, finished and running ones, likewise. What retention has dropped is no longer listed. */
export async function countAllAttempts(context: Context, connectionId: string | null | undefined): Promise<number> {
  const { actor, em } = context;
  const finished = await sumOfCounters(
    context,
    connectionId,
    sql`s.successes + s.transient_failures + s.rate_limited_failures + s.non_retryable_failures
      - s.archived_successes - s.archived_transient_failures - s.archived_rate_limited_failures - s.archived_non_retryable_failures`,
  );
  const running = new Conditions()
    .and(sql`a.firm_id = ${actor.firmId} and a.status = 'RUNNING'`)
    .givenId(connectionId, parseId, (id) => sql`a.connection_id = ${id}`);
  const { rows } = await sql<{ count: string }>`select count(*) from sync_attempt a where ${running.sql}`.execute(
    em.getKysely(),
  );
  return finished + Number(rows[0]?.count);
}

async function sumOfCounters(
  { actor, em }: Context,
  connectionId: string | null | undefined,
  counters: RawBuilder<unknown>,
): Promise<number> {
  const conditions = new Conditions()
    .and(sql`s.firm_id = ${actor.firmId}`)
    .givenId(connectionId, parseId, (id) => sql`s.connection_id = ${id}`);
  const query = sql<{
    sum: string;
  }>`select coalesce(sum(${counters}), 0) as sum from connection_statistics s where ${conditions.sql}`;
  const { rows } = await query.execute(em.getKysely());
  return Number(rows[0]?.sum);
}
