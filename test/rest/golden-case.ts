import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A line of cases.jsonl: a request and its answer. */
export interface GoldenCase {
  name: string;
  /** Whose token it has; absent: a manager's of firm 1; null: none. */
  as?: string | null;
  method?: string;
  /** Below the prefix. `<google>` and the like stand for ids. */
  path: string;
  headers?: Record<string, string>;
  /** Sent as JSON unless it is a text. */
  body?: unknown;
  status: number;
  /** Expected headers; null: it must be absent. */
  sends?: Record<string, string | null>;
  /** The expected body, in this order of keys; a text is compared as it stands. */
  answer: unknown;
  /** Asked once only, since it changes what is answered next; else also without its trailing slash. */
  once?: boolean;
  /** The rows of the tables of errors that it shows. */
  covers?: string[];
}

const file = fileURLToPath(new URL("cases.jsonl", import.meta.url));

export const goldenCases = readFileSync(file, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as GoldenCase);

const patterns: Record<string, RegExp> = {
  "<uuid>": /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  "<time>": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/,
  "<count>": /^\d+$/,
  "<event>": /^\w{5,}$/,
};

/** Ids in the place of their names: in a text, or as a number where the name stands alone. */
export function withNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") {
    const id = /^<(.*)>$/.exec(value)?.[1];
    if (id !== undefined && names.has(id)) return Number(names.get(id));
    return namesInText(value, names);
  }
  if (Array.isArray(value)) return value.map((one) => withNames(one, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withNames(one, names)]));
}

export function namesInText(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/<([^<>]+)>/g, (whole, name: string) => names.get(name) ?? whole);
}

/** The actual value with what fits a placeholder replaced by it, so that the two can be compared as texts. */
export function withPlaceholders(actual: unknown, expected: unknown): unknown {
  if (typeof expected === "string") return fits(String(actual), expected) ? expected : actual;
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((one, index) => withPlaceholders(one, expected[index]));
  }
  if (typeof actual !== "object" || actual === null || typeof expected !== "object" || expected === null) return actual;
  const wanted = new Map(Object.entries(expected));
  return Object.fromEntries(Object.entries(actual).map(([key, one]) => [key, withPlaceholders(one, wanted.get(key))]));
}

/** Placeholders may stand within a text as well. */
export function fits(actual: string, expected: string): boolean {
  const pattern = patterns[expected];
  if (pattern) return pattern.test(actual);
  if (!/<(uuid|time|count)>/.test(expected)) return false;
  const parts = expected.split(/(<uuid>|<time>|<count>)/).map((part) => {
    return patterns[part]?.source.slice(1, -1) ?? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`).test(actual);
}
