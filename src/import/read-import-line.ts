import { z } from "zod";
import { parseId } from "../id.js";
import { importLine, type ImportLine } from "./import-lines.js";

/** What a line of a file says, or why it says nothing. `firmId` is null where not even the firm can be told. */
export type ReadLine = { line: ImportLine } | { fault: string; firmId: string | null };

const mostFaultsTold = 3;

/** Reads one line. What it tells about a line that is wrong never repeats its content: it may hold a token, or a name. */
export function readImportLine(text: string): ReadLine {
  const value = parsedJson(text);
  if (value === undefined) return { fault: "is not JSON", firmId: null };
  const read = importLine.safeParse(value);
  if (read.success) return { line: read.data };
  const faults = read.error.issues.map(faultOf);
  const more = faults.length > mostFaultsTold ? `; and ${faults.length - mostFaultsTold} more` : "";
  return { fault: `${nameOf(value)}${faults.slice(0, mostFaultsTold).join("; ")}${more}`, firmId: firmOf(value) };
}

/** The parser's own message quotes the text. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function faultOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return issue.keys.map(unknownField).join("; ");
  const path = issue.path.join(".");
  if (issue.code === "invalid_type" && path === "") return "is not an object";
  return path === "" || path === "type" ? issue.message : `${path} ${issue.message}`;
}

/** A name that looks like one is told. */
function unknownField(name: string): string {
  return /^[a-z_]{1,30}$/i.test(name) ? `${name} is not a known field` : "it has a field that is not known";
}

const head = z.object({ type: z.string(), id: z.union([z.int(), z.string()]).transform(String) });

function nameOf(value: unknown): string {
  const { data } = head.safeParse(value);
  if (!data || parseId(data.id) === null || !/^(firm|connection|appointment|attempt)$/.test(data.type)) return "";
  return `${data.type} ${data.id}: `;
}

const firmFields = z.object({
  type: z.string().optional(),
  id: z.union([z.int(), z.string()]).transform(String).optional(),
  firm_id: z.union([z.int(), z.string()]).transform(String).optional(),
});

/** The firm that a wrong line belongs to, as far as it says so. */
function firmOf(value: unknown): string | null {
  const { data } = firmFields.safeParse(value);
  return parseId((data?.type === "firm" ? data.id : data?.firm_id) ?? "");
}
