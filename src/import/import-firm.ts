import { sql } from "kysely";
import { errorCode } from "../database/error-code.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { countLines, type LineCounts } from "./line-counts.js";
import { mergeFirm } from "./merge-firm.js";
import { refusedLines, type RefusedLines } from "./refused-lines.js";

export type FirmOutcome =
  | { kind: "IMPORTED" | "IMPORTABLE"; firmId: string; counts: LineCounts }
  /** Nothing of the firm is imported. */
  | { kind: "REFUSED"; firmId: string; refused: RefusedLines };

export interface FirmImport {
  /** The session that has the staged lines. */
  em: EntityManager;
  /** Another session: identities are lifted at once, whatever becomes of the firm's transaction. */
  liftingEm: EntityManager;
  isDryRun: boolean;
  spreadSeconds: number;
}

const uniqueViolation = "23505";
const mostTries = 3;

/**
 * Imports a firm whole or not at all, in one transaction of its own. What a server adds to the firm meanwhile is met as if it had been
 * there before.
 */
export async function importFirm(firmImport: FirmImport, firmId: string): Promise<FirmOutcome> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await unitOfWork(firmImport.em, firmId, (unit) => checkAndMerge(firmImport, unit));
    } catch (error) {
      if (errorCode(error) !== uniqueViolation || tries === mostTries) throw error;
    }
  }
}

async function checkAndMerge(
  { liftingEm, isDryRun, spreadSeconds }: FirmImport,
  unit: UnitOfWork,
): Promise<FirmOutcome> {
  const { firmId } = unit;
  if (isDryRun) await sql`set transaction read only`.execute(unit.em.getKysely());
  const refused = await refusedLines(unit);
  if (refused.count > 0) return { kind: "REFUSED", firmId, refused };
  const counts = await countLines(unit);
  if (isDryRun) return { kind: "IMPORTABLE", firmId, counts };
  await liftIdentities(liftingEm, unit);
  await failpoint("import.identities-lifted");
  await mergeFirm(unit, spreadSeconds);
  await failpoint("import.in-transaction");
  return { kind: "IMPORTED", firmId, counts };
}

interface Highest {
  table_name: string;
  id: string;
}

/** Before the ids are taken, so that no server is given one of them; never down. */
async function liftIdentities(liftingEm: EntityManager, { em, firmId }: UnitOfWork): Promise<void> {
  const { rows } = await sql<Highest>`
    select * from (
      select 'firm' as table_name, max(firm_id) as id from staged_firm where firm_id = ${firmId}
      union all select 'calendar_connection', max(id) from staged_connection where firm_id = ${firmId}
      union all select 'appointment', max(id) from staged_appointment where firm_id = ${firmId}
      union all select 'sync_attempt', max(id) from staged_attempt where firm_id = ${firmId}
    ) highest where id is not null
  `.execute(em.getKysely());
  for (const { table_name: table, id } of rows) {
    await sql`select lift_identity(${table}, ${id}::bigint)`.execute(liftingEm.getKysely());
  }
}
