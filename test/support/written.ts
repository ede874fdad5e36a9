import { openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** The folder of what the run's processes have written; made by the global set-up, and jest's workers inherit it. */
export const writtenVariable = "TEST_WRITTEN_FOLDER";

/** Open files by kind: a log has many lines. */
const files = new Map<string, number>();

/**
 * Keeps what a process has written until the run has ended, when it is searched for secrets: a log, standard output, an answer. `kind`
 * names the file. Outside of a test run nothing is kept.
 */
export function keepWritten(kind: string, text: string | Uint8Array): void {
  const folder = process.env[writtenVariable];
  if (folder === undefined) return;
  const file = files.get(kind) ?? openSync(join(folder, `${kind}-${process.pid}`), "a");
  files.set(kind, file);
  writeSync(file, Buffer.from(text));
}
