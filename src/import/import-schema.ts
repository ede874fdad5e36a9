import { z } from "zod";
import { importLine } from "./import-lines.js";

/**
 * The JSON schema of a line of an import file, generated from what reads it. What a schema cannot say (fields that depend on each
 * other, ids that are known) is checked by the import.
 */
export function printedImportSchema(): string {
  const schema = z.toJSONSchema(importLine, { io: "input", target: "draft-2020-12" });
  const title = "A line of an import file (NDJSON: one JSON object a line, UTF-8, at most 1 MiB a line)";
  return `${JSON.stringify({ title, ...schema }, null, 2)}\n`;
}
