import pg from "pg";
import type { SentStatement } from "./sent-statements.js";

/** How PostgreSQL plans it: with the values, or as it plans a prepared statement that is used again and again. */
export type PlanMode = "force_custom_plan" | "force_generic_plan";

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  "Index Searches"?: number;
  Plans?: PlanNode[];
}

/** What a statement cost that was explained with its values. */
export interface PlanCost {
  /** Rows that scans have read, those included that a filter has thrown away. */
  rowsRead: number;
  /** Rows that were put in order after they had been read. */
  rowsSorted: number;
  /** How often an index was descended: once a partition at least, and once for each key that is looked for. */
  searches: number;
  /** Tables that were read from one end to the other. */
  readWhole: string[];
  /** Whether indexes were combined row by row. */
  hasBitmapAnd: boolean;
}

/** Executes the statement in the session and tells what its plan has cost. */
export async function explain(
  session: pg.Client,
  { sql, parameters }: SentStatement,
  mode: PlanMode,
): Promise<PlanCost> {
  await session.query(`set plan_cache_mode = ${mode}`);
  await session.query(`prepare explained as ${sql}`);
  try {
    const values = parameters.length > 0 ? `(${parameters.map(literal).join(", ")})` : "";
    const { rows } = await session.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
      `explain (analyze, timing off, summary off, format json) execute explained${values}`,
    );
    const plan = rows[0]?.["QUERY PLAN"][0].Plan;
    if (!plan) throw new Error("there is no plan");
    return costOf(plan);
  } finally {
    await session.query("deallocate explained");
  }
}

function costOf(plan: PlanNode): PlanCost {
  const nodes = nodesOf(plan);
  return {
    rowsRead: sum(nodes.filter(isScan).map(rowsOf)),
    rowsSorted: sum(nodes.filter(isSort).flatMap(({ Plans = [] }) => Plans.map(rowsOf))),
    searches: sum(nodes.map((node) => node["Index Searches"] ?? 0)),
    readWhole: nodes.filter(isSeqScan).map((node) => node["Relation Name"] ?? ""),
    hasBitmapAnd: nodes.some((node) => node["Node Type"] === "BitmapAnd"),
  };
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** A bitmap's heap scan counts, its index scan is where it comes from. */
function isScan(node: PlanNode): boolean {
  return node["Relation Name"] !== undefined;
}

function isSort(node: PlanNode): boolean {
  return node["Node Type"].endsWith("Sort");
}

function isSeqScan(node: PlanNode): boolean {
  return node["Node Type"] === "Seq Scan";
}

/** Rows of all loops: the number of one loop is an average. */
function rowsOf(node: PlanNode): number {
  const removed = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0);
  return Math.ceil((node["Actual Rows"] + removed) * node["Actual Loops"]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map((one) => JSON.stringify(String(one))).join(",")}}`);
  if (value instanceof Date) return pg.escapeLiteral(value.toISOString());
  return pg.escapeLiteral(typeof value === "string" ? value : JSON.stringify(value));
}
