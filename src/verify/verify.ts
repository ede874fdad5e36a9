import type pg from "pg";
import { pino } from "pino";
import { connectWhenReady, type WaitOptions } from "../database/wait-for-database.js";
import type { Invariant } from "./invariant.js";
import { invariants } from "./invariants.js";
import { keptHistoryStatement, type KeptHistory } from "./kept-history.js";

/** Where an invariant is violated: ids by name (`firmId`, `runId`, …), or a table and its guard. */
export type Violation = Readonly<Record<string, string>>;

export interface CheckedInvariant {
  name: string;
  sentence: string;
  /** How many violations there are. */
  count: number;
  /** The first of them, at most 20. */
  violations: Violation[];
}

export interface Verification {
  invariants: CheckedInvariant[];
}

export interface VerifyOptions extends KeptHistory, Partial<WaitOptions> {
  /** Told before each invariant is asked; a large database takes a while. */
  onStart?: (invariant: Invariant) => void;
  onChecked?: (invariant: CheckedInvariant) => void;
}

const mostViolations = 20;

/**
 * Asks every invariant over all firms, on the system login. One read-only snapshot of one moment: what servers commit meanwhile is
 * neither seen nor hindered. @throws DatabaseSetupError where the database cannot be reached
 */
export async function verify(systemUrl: string, options: VerifyOptions = {}): Promise<Verification> {
  const { log = pino({ level: "silent" }), waitSeconds = 10 } = options;
  const client = await connectWhenReady(systemUrl, { log, waitSeconds });
  try {
    await client.query("begin isolation level repeatable read read only");
    // The recounts of a large database outlast the limits that are set for requests.
    await client.query("set local statement_timeout = 0");
    await client.query("set local idle_in_transaction_session_timeout = 0");
    return { invariants: await checkInvariants(client, options) };
  } finally {
    await client.end();
  }
}

/** Asks every invariant in the caller's transaction. */
export async function checkInvariants(client: pg.Client, options: VerifyOptions = {}): Promise<CheckedInvariant[]> {
  await client.query(keptHistoryStatement(options));
  const checked: CheckedInvariant[] = [];
  for (const invariant of invariants) {
    options.onStart?.(invariant);
    const result = await check(client, invariant);
    options.onChecked?.(result);
    checked.push(result);
  }
  return checked;
}

async function check(client: pg.Client, { name, sentence, violations }: Invariant): Promise<CheckedInvariant> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select violation.*, count(*) over () as violation_count from (${violations}) violation limit ${mostViolations}`,
  );
  return { name, sentence, count: Number(rows[0]?.["violation_count"] ?? 0), violations: rows.map(violationOf) };
}

function violationOf(row: Record<string, unknown>): Violation {
  const ids = Object.entries(row).filter(([column, value]) => column !== "violation_count" && value !== null);
  return Object.fromEntries(ids.map(([column, value]) => [camelCase(column), String(value)]));
}

function camelCase(column: string): string {
  return column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
