import { sql, type RawBuilder } from "kysely";

/** Where only one firm is asked about, its rows alone. `column` is SQL of ours. */
export function ofFirm(column: string, firmId: string | null): RawBuilder<boolean> {
  return sql<boolean>`(${firmId}::bigint is null or ${sql.raw(column)} = ${firmId}::bigint)`;
}

/** An instant as JSON tells it, in UTC. `expression` is SQL of ours. */
export function instant(expression: string): RawBuilder<string | null> {
  return sql<string | null>`to_char(${sql.raw(expression)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
