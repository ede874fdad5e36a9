import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join, relative } from "node:path";

const chunkBytes = 8 * 1024 * 1024;
/** Of what stands before and after a secret, so that its place can be told. */
const contextBytes = 120;

/** Where a secret was found, with what stands around it. */
export interface FoundSecret {
  /** Relative to the folder that was searched. */
  file: string;
  around: string;
}

/** Looks through every file below a folder, byte by byte, and tells of the first secret in each. */
export function findSecrets(folder: string, patterns: readonly Buffer[]): FoundSecret[] {
  const found: FoundSecret[] = [];
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (const path of filesBelow(folder)) {
    const around = secretIn(path, patterns, chunk);
    if (around !== null) found.push({ file: relative(folder, path), around });
  }
  return found;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Chunks overlap, so that none lies across two. */
function secretIn(path: string, patterns: readonly Buffer[], chunk: Buffer): string | null {
  const overlap = Math.max(...patterns.map(({ length }) => length)) - 1;
  const file = openSync(path, "r");
  try {
    for (let position = 0; ; position += chunk.length - overlap) {
      const length = readSync(file, chunk, 0, chunk.length, position);
      const text = chunk.subarray(0, length);
      const places = patterns.map((pattern) => text.indexOf(pattern)).filter((place) => place >= 0);
      if (places.length > 0) return printable(text, Math.min(...places));
      if (length < chunk.length) return null;
    }
  } finally {
    closeSync(file);
  }
}

function printable(text: Buffer, place: number): string {
  return text
    .subarray(Math.max(0, place - contextBytes), place + contextBytes)
    .toString("latin1")
    .replaceAll(/[^\x20-\x7e]+/g, " ");
}
