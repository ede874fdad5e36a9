import { sql } from "kysely";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import type { EntityManager } from "../database/orm.js";
import { failpoint } from "../failpoints.js";
import { importFirm, type FirmImport, type FirmOutcome } from "./import-firm.js";
import { faultsOfNoFirm, refusedLine, type RefusedLines } from "./refused-lines.js";
import { stageFiles, type StagingOptions } from "./stage-files.js";
import { Staging } from "./staging.js";

export interface ImportRequest extends StagingOptions, Omit<FirmImport, "spreadSeconds"> {
  files: readonly string[];
  cipher: CredentialCipher;
  /** Between two pulls of a connection: first pulls are spread over as much, or more where they are many. */
  intervalSeconds: number;
  /** Told as soon as it is committed. */
  onFirm: (outcome: FirmOutcome) => void;
}

export type ImportOutcome =
  | { kind: "DONE"; firms: number; refusedFirms: number }
  /** Nothing is imported: lines are wrong that may belong to any firm. */
  | { kind: "UNREADABLE"; refused: RefusedLines };

/** At most so many connections are first pulled in a second. */
const firstPullsPerSecond = 10;

/**
 * Imports files of lines, which may stand in any order: all are staged, then merged firm by firm. A firm with a line that is wrong is
 * refused whole; the others are imported. @throws the signal's reason, after which the firms told are imported and no other is
 */
export async function importFiles(request: ImportRequest): Promise<ImportOutcome> {
  const { em, cipher, files, signal, intervalSeconds } = request;
  const { activeConnections } = await stageFiles(new Staging(em, cipher), files, request);
  const refused = await faultsWithoutFirm(em);
  if (refused.count > 0) return { kind: "UNREADABLE", refused };
  const spreadSeconds = Math.max(intervalSeconds, activeConnections / firstPullsPerSecond);
  const outcome = { firms: 0, refusedFirms: 0 };
  for (const firmId of await stagedFirms(em)) {
    signal.throwIfAborted();
    request.onProgress(`firm ${firmId}`);
    const firm = await importFirm({ ...request, spreadSeconds }, firmId);
    request.onFirm(firm);
    await failpoint("import.committed");
    outcome.firms += 1;
    if (firm.kind === "REFUSED") outcome.refusedFirms += 1;
  }
  return { kind: "DONE", ...outcome };
}

async function faultsWithoutFirm(em: EntityManager): Promise<RefusedLines> {
  const { rows } = await faultsOfNoFirm.execute(em.getKysely());
  return { count: Number(rows[0]?.refused ?? 0), lines: rows.map(refusedLine) };
}

async function stagedFirms(em: EntityManager): Promise<string[]> {
  const { rows } = await sql<{ firm_id: string }>`
    select firm_id from staged_firm union select firm_id from staged_connection union select firm_id from staged_appointment
    union select firm_id from staged_attempt union select firm_id from staged_fault order by firm_id
  `.execute(em.getKysely());
  return rows.map((row) => row.firm_id);
}
