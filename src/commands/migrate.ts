import { ConfigError, loadConfig } from "../config.js";
import { migrate } from "../database/migrate.js";
import { pendingOn, withDatabase, type CommandDatabase } from "./command-database.js";
import { printLine, requireNoArguments, runCommand } from "./run-command.js";

/** `npm run migrate`: brings the configured database to this version and says what that took. */
await runCommand("migrate", async (args) => {
  requireNoArguments(args, "Usage: npm run migrate");
  return withDatabase(loadConfig(), migrateDatabase);
});

async function migrateDatabase({ ownerUrl, systemUrl, appUrl, log }: CommandDatabase): Promise<number> {
  if (ownerUrl === null) throw new ConfigError(["DATABASE_OWNER_URL: is missing (migrations run as the owner)"]);
  const applied = await pendingOn(ownerUrl, log);
  // Also with nothing to apply: memberships and grants are seen to.
  await migrate({ ownerUrl, systemUrl, appUrl, log });
  for (const name of applied) printLine(`✓ ${name}`);
  printLine(applied.length === 0 ? "migrate: the database is up to date" : `migrate: ${applied.length} applied`);
  return 0;
}
