import { parseArgs } from "node:util";
import { ConfigError, loadConfig, type Config } from "../config.js";
import { advisoryLock, maintenanceLock } from "../database/advisory-lock.js";
import { connectWhenReady } from "../database/wait-for-database.js";
import { maintain, type MaintenanceStep } from "../maintain/maintain.js";
import { previewMaintenance } from "../maintain/preview.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { showUnderWay } from "./line-under-way.js";
import { printLine, runCommand, UsageError } from "./run-command.js";

const usage = "Usage: npm run maintain -- [--dry-run]";

/**
 * `npm run maintain`: makes partitions ahead of need and lets go what is older than its retention, while servers work. May be broken off and
 * repeated at any time; `--dry-run` only says what it would do.
 */
await runCommand("maintain", async (args) => {
  const isDryRun = readDryRun(args);
  const config = loadConfig();
  return withDatabase(config, (database) => maintainDatabase(database, config, isDryRun));
});

/** @throws UsageError */
function readDryRun(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { "dry-run": { type: "boolean", default: false } } }).values["dry-run"];
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}

async function maintainDatabase(database: CommandDatabase, { retention }: Config, isDryRun: boolean): Promise<number> {
  const { ownerUrl, log } = database;
  if (ownerUrl === null) throw new ConfigError(["DATABASE_OWNER_URL: is missing (partitions are the owner's)"]);
  await requireMigrated(database);
  const owner = await connectWhenReady(ownerUrl, { log, waitSeconds: 10 });
  try {
    if (isDryRun) return tellPreview(await previewMaintenance(owner, retention));
    await advisoryLock(owner, maintenanceLock, () => {
      printLine("another process is maintaining the database; waiting for it");
    });
    showUnderWay("… maintaining");
    let steps = 0;
    const onStep = (step: MaintenanceStep) => {
      steps += 1;
      showUnderWay("");
      printLine(`✓ ${lineOf(step)}`);
      showUnderWay("… maintaining");
    };
    await maintain(owner, { retention, onStep });
    showUnderWay("");
    printLine(steps === 0 ? "maintain: nothing to do" : "maintain: done");
    return 0;
  } finally {
    await owner.end();
  }
}

function tellPreview(steps: readonly MaintenanceStep[]): number {
  for (const step of steps) printLine(`would: ${lineOf(step)}`);
  printLine(`maintain: ${steps.length === 0 ? "nothing to do" : "this was a dry run, nothing is changed"}`);
  return 0;
}

function lineOf(step: MaintenanceStep): string {
  switch (step.did) {
    case "partition dropped":
      return `${step.partition} dropped: ${step.dropped} rows gone, ${step.kept} kept`;
    case "partition added":
      return `${step.partition} added: ids ${step.from} to ${step.to - 1}${step.moved > 0 ? `, ${step.moved} rows moved to it` : ""}`;
    case "rows deleted":
      return `${step.rows} ${step.what} deleted`;
  }
}
