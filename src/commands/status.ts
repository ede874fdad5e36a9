import { parseArgs } from "node:util";
import { loadConfig, type Config } from "../config.js";
import { openSystemDatabase } from "../database/orm.js";
import { parseId } from "../id.js";
import { statusText } from "../status/status-text.js";
import { readStatus } from "../status/status.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { printLine, runCommand, UsageError } from "./run-command.js";

/** `npm run status -- [--firm N] [--json]`: the operator's view, over all firms or of one. */
const usage = "Usage: npm run status -- [--firm N] [--json]";

interface StatusArguments {
  firmId: string | null;
  isJson: boolean;
}

await runCommand("status", async (args) => {
  const request = readRequest(args);
  const config = loadConfig();
  return withDatabase(config, (database) => printStatus(database, config, request));
});

async function printStatus(
  database: CommandDatabase,
  { sync }: Config,
  { firmId, isJson }: StatusArguments,
): Promise<number> {
  await requireMigrated(database);
  const systemDatabase = await openSystemDatabase(database.systemUrl, 1);
  try {
    const status = await readStatus(systemDatabase, { firmId, staleAfterSeconds: sync.staleAfterSeconds });
    printLine(isJson ? JSON.stringify(status) : statusText(status));
    return 0;
  } finally {
    await systemDatabase.close();
  }
}

/** @throws UsageError */
function readRequest(args: string[]): StatusArguments {
  const { firm, json } = parsed(args);
  const firmId = firm === undefined ? null : parseId(firm);
  if (firm !== undefined && firmId === null) {
    throw new UsageError(`--firm must be a positive whole number. ${usage}`);
  }
  return { firmId, isJson: json };
}

function parsed(args: string[]) {
  try {
    const options = { firm: { type: "string" }, json: { type: "boolean", default: false } } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}
