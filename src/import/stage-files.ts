import { fileLines, type FileLine } from "./file-lines.js";
import { readImportLine } from "./read-import-line.js";
import type { Staging } from "./staging.js";

export interface StagedFiles {
  lines: number;
  activeConnections: number;
}

export interface StagingOptions {
  /** Told now and then what is under way. */
  onProgress: (what: string) => void;
  signal: AbortSignal;
}

/** Reads every file once, a piece at a time, into the staging tables. @throws Error of the file system, or the signal's reason */
export async function stageFiles(
  staging: Staging,
  files: readonly string[],
  options: StagingOptions,
): Promise<StagedFiles> {
  const staged = { lines: 0, activeConnections: 0 };
  await staging.begin();
  for (const [index, file] of files.entries()) {
    const before = staged.lines;
    for await (const lines of fileLines(file)) {
      for (const line of lines) await stageLine(staging, index + 1, line, staged);
      options.onProgress(`${staged.lines.toLocaleString("en")} lines read, ${file}`);
      options.signal.throwIfAborted();
    }
    if (staged.lines === before) {
      await staging.addFault({ file_number: index + 1, line_number: 1 }, "the file has no lines", null);
    }
  }
  await staging.end();
  return staged;
}

async function stageLine(staging: Staging, fileNumber: number, line: FileLine, staged: StagedFiles): Promise<void> {
  const at = { file_number: fileNumber, line_number: line.number };
  staged.lines += 1;
  const read = "fault" in line ? { fault: line.fault, firmId: null } : readImportLine(line.text);
  if ("fault" in read) return staging.addFault(at, read.fault, read.firmId);
  if (read.line.type === "connection" && read.line.status === "active") staged.activeConnections += 1;
  return staging.add(at, read.line);
}
