import { parseArgs } from "node:util";
import { ConfigError } from "../config.js";
import { CredentialKeysError } from "../connections/credential-cipher.js";
import { DatabaseSetupError } from "../database/database-setup-error.js";
import { EmbeddedPostgresError } from "../database/embedded/embedded-postgres-error.js";

/** The command was called wrongly: the process exits 2. */
export class UsageError extends Error {}

/** What was asked cannot be done. The message is one line that says why. */
export class CommandError extends Error {}

/**
 * Runs a command of the terminal, which answers with its exit code. What stops it is told on standard error; wrong arguments and
 * wrong configuration exit 2, everything else 1.
 */
export async function runCommand(name: string, command: (args: string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${name}: ${explain(error)}\n`);
    process.exitCode = wrongUse.some((kind) => error instanceof kind) ? 2 : 1;
  }
}

/** For commands that take none. @throws UsageError */
export function requireNoArguments(args: string[], usage: string): void {
  try {
    parseArgs({ args, options: {} });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

const wrongUse = [UsageError, ConfigError, CredentialKeysError];
const explained = [...wrongUse, CommandError, DatabaseSetupError, EmbeddedPostgresError];

/** A fault that nobody foresaw is told with where it happened. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return explained.some((kind) => error instanceof kind) ? error.message : (error.stack ?? error.message);
}
