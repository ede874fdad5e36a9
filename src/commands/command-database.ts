import { pino, type Logger } from "pino";
import pretty from "pino-pretty";
import type { Config } from "../config.js";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../database/embedded/embedded-postgres.js";
import { pendingMigrations } from "../database/pending-migrations.js";
import { connectWhenReady } from "../database/wait-for-database.js";
import { createLogger } from "../log.js";
import { CommandError } from "./run-command.js";

export interface CommandDatabase {
  /** Null where none is configured. */
  ownerUrl: string | null;
  systemUrl: string;
  appUrl: string;
  /** Writes to standard error: standard output is the command's answer. */
  log: Logger;
}

/** How long a command waits for a database that is not there. */
const waitSeconds = 10;

/**
 * Gives `work` the configured database. An embedded one is the running server's, or is started for as long as the work takes; an
 * interrupted command leaves it too.
 */
export async function withDatabase<T>(config: Config, work: (database: CommandDatabase) => Promise<T>): Promise<T> {
  const log = commandLog(config.log);
  if (config.database.logins) return work({ ...config.database.logins, log });
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  const leaveOnSignal = leavingOnSignal(postgres);
  try {
    return await work({ ...postgres, log });
  } finally {
    await postgres.stop();
    leaveOnSignal.cancel();
  }
}

/** @throws CommandError where the database lacks tables that this version works with */
export async function requireMigrated({ systemUrl, log }: CommandDatabase): Promise<void> {
  const pending = await pendingOn(systemUrl, log);
  if (pending.length === 0) return;
  throw new CommandError(`the database lacks ${pending.join(", ")}: run "npm run migrate" first`);
}

/** Names what this version has and the database lacks. Any of the logins may ask. */
export async function pendingOn(url: string, log: Logger): Promise<string[]> {
  const client = await connectWhenReady(url, { log, waitSeconds });
  try {
    return await pendingMigrations(async (statement) => (await client.query<Record<string, unknown>>(statement)).rows);
  } finally {
    await client.end();
  }
}

/** Writes to standard error: standard output is the command's answer. */
export function commandLog({ level, isPretty }: Config["log"]): Logger {
  const standardError = 2;
  const destination = isPretty ? pretty({ destination: standardError, sync: true }) : pino.destination(standardError);
  return createLogger({ level, isPretty }, destination);
}

function leavingOnSignal(postgres: EmbeddedPostgres): { cancel: () => void } {
  const leave = (): void => {
    void postgres.stop().finally(() => process.exit(1));
  };
  process.once("SIGINT", leave).once("SIGTERM", leave);
  return {
    cancel: () => {
      process.off("SIGINT", leave).off("SIGTERM", leave);
    },
  };
}
