import { parseArgs } from "node:util";
import { loadConfig, type Config } from "../config.js";
import { checkDatabase } from "../database/check-database.js";
import { openDatabase, type Database } from "../database/orm.js";
import type { ChannelEnding } from "../erase/channel-ending.js";
import { eraseConnection } from "../erase/erase-connection.js";
import { erasable, type Erasable } from "../erase/erasable.js";
import { parseId } from "../id.js";
import { withChannelEnding } from "./channel-ending.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { confirmErasing } from "./confirm.js";
import { CommandError, printLine, runCommand, UsageError } from "./run-command.js";

const usage = "Usage: npm run erase -- --firm N --connection N [--dry-run] [--yes]";

interface EraseArguments {
  firmId: string;
  connectionId: string;
  isDryRun: boolean;
  isConfirmed: boolean;
}

/**
 * `npm run erase -- --firm N --connection N`: erases what a connection holds about people, for good. On a terminal it asks first, unless
 * `--yes`; `--dry-run` only says what it would do. A connection that is erased already is left as it is, exit 0.
 */
await runCommand("erase", async (args) => {
  const request = readArguments(args);
  const config = loadConfig();
  return withDatabase(config, (database) => erase(database, config, request));
});

async function erase(logins: CommandDatabase, config: Config, request: EraseArguments): Promise<number> {
  await requireMigrated(logins);
  await checkDatabase(logins.appUrl, { log: logins.log });
  const database = await openDatabase(logins.appUrl, 2);
  try {
    await withChannelEnding(config, logins, database, (channels) => eraseOn(database, channels, request));
    return 0;
  } finally {
    await database.close();
  }
}

async function eraseOn({ em }: Database, channels: ChannelEnding, request: EraseArguments): Promise<void> {
  const { firmId, connectionId, isDryRun, isConfirmed } = request;
  const what = `connection ${connectionId} of firm ${firmId}`;
  const found = await erasable(em, firmId, connectionId);
  if (!found) throw new CommandError(`there is no ${what}`);
  if (isDryRun) {
    printLine(found.living === 0 ? `${what} is erased already` : `${what} would be erased, with ${contents(found)}`);
    return;
  }
  if (!isConfirmed && found.living > 0) await confirmErasing(`The ${what}, with ${contents(found)}`, connectionId);
  const erased = await eraseConnection(em, firmId, connectionId, channels);
  printLine(erased ? `${what} erased, with ${contents(erased)}` : `${what} is erased already`);
}

function contents({ appointments }: Pick<Erasable, "appointments">): string {
  return `${appointments} appointment${appointments === 1 ? "" : "s"}`;
}

/** @throws UsageError */
function readArguments(args: string[]): EraseArguments {
  const { firm, connection, "dry-run": isDryRun, yes: isConfirmed } = parsed(args);
  return { firmId: idOf("--firm", firm), connectionId: idOf("--connection", connection), isDryRun, isConfirmed };
}

function parsed(args: string[]) {
  try {
    const flag = { type: "boolean", default: false } as const;
    const options = { firm: { type: "string" }, connection: { type: "string" }, "dry-run": flag, yes: flag } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}

function idOf(option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`${option} is missing. ${usage}`);
  const id = parseId(text);
  if (id === null) throw new UsageError(`${option} must be a positive whole number. ${usage}`);
  return id;
}
