import { mkdirSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadConfig } from "../config.js";
import { OwnedByAnotherError } from "../database/ownership.js";
import { runCluster } from "../demo/cluster/cluster.js";
import { commandLog } from "./command-database.js";
import { CommandError, printLine, runCommand, UsageError } from "./run-command.js";

/**
 * `npm run demo:cluster -- [--connections 150] [--once]`: two APIs, three workers and a scheduler as processes of their own, which share
 * a backlog of runs on a database and simulated providers of their own.
 */
const usage = "Usage: npm run demo:cluster -- [--connections 150] [--once]";

/** TypeScript where this is, else what that was built into. */
const program = fileURLToPath(new URL(`../demo/cluster/member${extname(import.meta.url)}`, import.meta.url));

await runCommand("demo:cluster", async (args) => {
  const request = readRequest(args);
  const config = loadConfig();
  if (!config.isDemo) {
    throw new CommandError("this configuration is not that of the demo: a database or a provider is set");
  }
  const dataDir = resolve(join(config.dataDir, "cluster"));
  mkdirSync(dataDir, { recursive: true });
  const log = commandLog({ level: "warn", isPretty: config.log.isPretty });
  const stopping = stoppingOnSignal();
  try {
    return (await runCluster({ ...request, program, dataDir, log, print: printLine }, stopping)) ? 0 : 1;
  } catch (error) {
    throw error instanceof OwnedByAnotherError ? new CommandError(error.message) : error;
  } finally {
    stopping.abort();
  }
});

/** @throws UsageError */
function readRequest(args: string[]): { connections: number; isOnce: boolean } {
  const { connections, once } = parsed(args);
  if (!/^\d{1,4}$/.test(connections) || Number(connections) < 1) {
    throw new UsageError(`--connections must be a whole number from 1 to 9999. ${usage}`);
  }
  return { connections: Number(connections), isOnce: once };
}

function parsed(args: string[]) {
  try {
    const options = {
      connections: { type: "string", default: "150" },
      once: { type: "boolean", default: false },
    } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}

/** The first signal stops everything in order; what ends it at once is a SIGKILL, after which the processes end too. */
function stoppingOnSignal(): AbortController {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (!stopping.signal.aborted) printLine("Stopping…");
    stopping.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return stopping;
}
