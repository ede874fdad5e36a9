import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from "node:fs";

const maximumBytes = 5_000_000;
const tailBytes = 8_192;

/**
 * Keeps PostgreSQL's log at two files of about 5 MB: what is there becomes `<path>.1`. PostgreSQL appends to the open file, so it
 * is emptied in place.
 */
export function boundLog(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= maximumBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}

/** What was written to the log since it had `offset` bytes; at most the last 8 kB. */
export function logSince(path: string, offset: number): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const from = Math.max(offset, size - tailBytes, 0);
    const text = Buffer.alloc(Math.max(size - from, 0));
    readSync(file, text, 0, text.length, from);
    return text.toString("utf8");
  } finally {
    closeSync(file);
  }
}

/** The line that tells why PostgreSQL gave up: the first fatal one, else the last. */
export function decisiveLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const line = lines.find((each) => /FATAL|PANIC/.test(each)) ?? lines.at(-1) ?? "it wrote nothing";
  return line.replace(/^.*? \[\d+\] /, ""); // without time and process id
}
