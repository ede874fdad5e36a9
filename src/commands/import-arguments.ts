import { accessSync, constants, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { UsageError } from "./run-command.js";

export interface ImportArguments {
  files: string[];
  isDryRun: boolean;
}

const usage = "Usage: npm run import -- FILE.ndjson… [--dry-run]";

/** @throws UsageError, one line, also where a file cannot be read: nothing is begun then */
export function parseImportArguments(args: string[]): ImportArguments {
  const { values, positionals } = parsed(args);
  if (positionals.length === 0) throw new UsageError(`a file is missing. ${usage}`);
  for (const file of positionals) requireFile(file);
  return { files: positionals, isDryRun: values["dry-run"] };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: { "dry-run": { type: "boolean", default: false } }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}

function requireFile(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch {
    throw new UsageError(`${file} is not there, or cannot be read. ${usage}`);
  }
  if (statSync(file).isDirectory()) throw new UsageError(`${file} is a folder. ${usage}`);
}
