import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { LineType } from "./import-lines.js";

/** How many lines of a kind are new, and how many have their row already. */
export interface LineCount {
  taken: number;
  kept: number;
  /** Of those kept: rows that are not as the line says, any more. They stay as they are. */
  different: number;
}

export type LineCounts = Record<LineType, LineCount>;

interface CountRow {
  type: LineType;
  lines: string;
  kept: string;
  different: string;
}

/** What the firm's lines come to when they are merged now. */
export async function countLines({ em, firmId }: UnitOfWork): Promise<LineCounts> {
  const { rows } = await sql<CountRow>`
    select 'firm' as type, count(*) as lines, count(stored.id) as kept, count(*) filter (where stored.name <> line.name) as different
    from staged_firm line left join firm stored on stored.id = line.firm_id where line.firm_id = ${firmId}
    union all
    select 'connection', count(*), count(stored.id),
      count(*) filter (where (stored.owner_id, lower(stored.status)) <> (line.owner_id, line.status))
    from staged_connection line left join calendar_connection stored on stored.firm_id = line.firm_id and stored.id = line.id
    where line.firm_id = ${firmId}
    union all
    select 'appointment', count(*), count(stored.id), count(*) filter (
      where (stored.title, lower(stored.status), stored.starts_at, stored.ends_at) <> (line.title, line.status, line.starts_at, line.ends_at)
    )
    from staged_appointment line left join appointment stored on stored.firm_id = line.firm_id and stored.id = line.id
    where line.firm_id = ${firmId}
    union all
    select 'attempt', count(*), count(*) filter (where stored.id is not null or line.finished_at <= statistics.archived_until),
      count(stored.id) filter (where stored.status <> upper(line.status) or stored.finished_at is distinct from line.finished_at)
    from staged_attempt line
    left join sync_attempt stored on stored.firm_id = line.firm_id and stored.id = line.id
    left join connection_statistics statistics
      on statistics.firm_id = line.firm_id and statistics.connection_id = line.connection_id
    where line.firm_id = ${firmId}
  `.execute(em.getKysely());
  const counts = rows.map(({ type, lines, kept, different }): [LineType, LineCount] => [
    type,
    { taken: Number(lines) - Number(kept), kept: Number(kept), different: Number(different) },
  ]);
  return Object.fromEntries(counts) as LineCounts;
}
