import { loadConfig } from "../config.js";
import { lineOf, summaryOf } from "../verify/verification-report.js";
import { verify } from "../verify/verify.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { printLine, requireNoArguments, runCommand } from "./run-command.js";

/** `npm run verify`: a line for each invariant as it is asked, then a summary. Exits 1 where one is violated. */
await runCommand("verify", async (args) => {
  requireNoArguments(args, "Usage: npm run verify");
  return withDatabase(loadConfig(), verifyDatabase);
});

async function verifyDatabase(database: CommandDatabase): Promise<number> {
  await requireMigrated(database);
  const verification = await verify(database.systemUrl, {
    log: database.log,
    onStart: ({ sentence }) => {
      showUnderWay(`… ${sentence}`);
    },
    onChecked: (invariant) => {
      showUnderWay("");
      printLine(lineOf(invariant));
    },
  });
  printLine(summaryOf(verification));
  return verification.invariants.some(({ count }) => count > 0) ? 1 : 0;
}

/** On a terminal: a line that the next one takes the place of. */
function showUnderWay(text: string): void {
  const { isTTY, columns } = process.stdout;
  if (isTTY) process.stdout.write(`\r\u001B[2K${text.slice(0, columns - 1)}`);
}
