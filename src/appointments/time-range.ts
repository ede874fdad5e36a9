import { sql, type RawBuilder } from "kysely";

/** From `start` to `end`, `end` excluded. */
export interface TimeRange {
  start: Date;
  end: Date;
}

/** Where two ranges overlap; empty (its end is not after its start) where they do not. */
export function overlap(one: TimeRange, other: TimeRange): TimeRange {
  return {
    start: one.start > other.start ? one.start : other.start,
    end: one.end < other.end ? one.end : other.end,
  };
}

/**
 * SQL condition: what lies inside a range overlaps it (ends after the start and begins before the end of the range); something
 * of no length lies inside from the range's start on. `alias` names the table with starts_at and ends_at.
 */
export function insideRange(alias: string, range: TimeRange): RawBuilder<boolean> {
  const startsAt = sql.ref(`${alias}.starts_at`);
  const endsAt = sql.ref(`${alias}.ends_at`);
  return sql<boolean>`(
    ${startsAt} < ${range.end}::timestamptz
    and (${endsAt} > ${range.start}::timestamptz or (${endsAt} = ${startsAt} and ${startsAt} >= ${range.start}::timestamptz))
  )`;
}
