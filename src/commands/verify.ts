import { parseArgs } from "node:util";
import { loadConfig, type Config } from "../config.js";
import { CredentialCipher } from "../connections/credential-cipher.js";
import { requireKeyVersions } from "../connections/credential-versions.js";
import { openDatabase, openSystemDatabase } from "../database/orm.js";
import { ProviderHttp } from "../providers/http.js";
import { setRightAfterRestore, WorkersRunningError } from "../verify/after-restore.js";
import { setRightLine, tokenLine, tokenSummary } from "../verify/restore-report.js";
import { tryTokens } from "../verify/try-tokens.js";
import { lineOf, summaryOf } from "../verify/verification-report.js";
import { verify } from "../verify/verify.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { configuredProviders } from "./configured-providers.js";
import { showUnderWay } from "./line-under-way.js";
import { CommandError, printLine, runCommand, UsageError } from "./run-command.js";

const usage = "Usage: npm run verify -- [--after-restore]";

/**
 * `npm run verify`: a line for each invariant as it is asked, then a summary. Exits 1 where one is violated. With `--after-restore` it
 * first sets right what comes out of a backup, and lists the tokens that are not accepted any more; also exits 1 where one cannot be
 * read.
 */
await runCommand("verify", async (args) => {
  const { "after-restore": isRestored } = parsed(args);
  const config = loadConfig();
  return withDatabase(config, async (database) => {
    await requireMigrated(database);
    const areTokensReadable = !isRestored || (await restore(database, config));
    const doInvariantsHold = await verifyDatabase(database, config);
    return areTokensReadable && doInvariantsHold ? 0 : 1;
  });
});

/** @throws UsageError */
function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: { "after-restore": { type: "boolean", default: false } } }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replaceAll("\n", " ")}. ${usage}`);
  }
}

/** Returns whether every stored token can be read. @throws CommandError while workers run */
async function restore({ appUrl, systemUrl, log }: CommandDatabase, config: Config): Promise<boolean> {
  const database = await openDatabase(appUrl, 4);
  const systemDatabase = await openSystemDatabase(systemUrl, 2);
  const http = new ProviderHttp();
  try {
    const cipher = new CredentialCipher(config.credentialKeys);
    await requireKeyVersions((statement) => systemDatabase.em.execute(statement), cipher);
    const logins = { database, systemDatabase, appUrl, systemUrl };
    printLine(setRightLine(await setRightAfterRestore({ ...logins, policy: config.retry, log })));
    const tried = await tryTokens({
      ...{ database, systemDatabase, cipher },
      providers: configuredProviders(config, http),
      onTried: (token) => {
        const line = tokenLine(token);
        if (line !== null) printLine(line);
      },
    });
    printLine(tokenSummary(tried));
    return tried.every(({ outcome }) => outcome !== "UNREADABLE");
  } catch (error) {
    throw error instanceof WorkersRunningError ? new CommandError(error.message) : error;
  } finally {
    await http.close();
    await systemDatabase.close();
    await database.close();
  }
}

async function verifyDatabase({ systemUrl, log }: CommandDatabase, { retention }: Config): Promise<boolean> {
  const verification = await verify(systemUrl, {
    log,
    retentionDays: retention.days,
    auditRetentionDays: retention.auditDays,
    onStart: ({ sentence }) => {
      showUnderWay(`… ${sentence}`);
    },
    onChecked: (invariant) => {
      showUnderWay("");
      printLine(lineOf(invariant));
    },
  });
  printLine(summaryOf(verification));
  return verification.invariants.every(({ count }) => count === 0);
}
