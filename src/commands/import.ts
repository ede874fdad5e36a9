import { sql } from "kysely";
import pg from "pg";
import { loadConfig, type Config } from "../config.js";
import { CredentialCipher } from "../connections/credential-cipher.js";
import { checkDatabase } from "../database/check-database.js";
import { openDatabase, openLongSession, type Database } from "../database/orm.js";
import { importFiles } from "../import/import-files.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { parseImportArguments, type ImportArguments } from "./import-arguments.js";
import { firmLines, refusedLines, summaryLine } from "./import-report.js";
import { showUnderWay } from "./line-under-way.js";
import { CommandError, printLine, runCommand } from "./run-command.js";

/**
 * `npm run import -- FILE.ndjson… [--dry-run]`: firms, connections, appointments and finished attempts of another service, under their own ids.
 * Exits 1 where anything was refused. Ctrl-C rolls back the firm in hand.
 */
await runCommand("import", async (args) => {
  const request = parseImportArguments(args);
  const config = loadConfig();
  const stopping = stoppingOnSignal();
  return withDatabase(config, async (database) => {
    await requireMigrated(database);
    await checkDatabase(database.appUrl, database);
    return importWith(database, config, request, stopping);
  });
});

function stoppingOnSignal(): AbortSignal {
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort(new CommandError("stopped: the firm in hand is rolled back; the ones told above are imported"));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return stopping.signal;
}

async function importWith(
  { appUrl }: CommandDatabase,
  config: Config,
  { files, isDryRun }: ImportArguments,
  signal: AbortSignal,
): Promise<number> {
  const session = await openLongSession(appUrl);
  const lifting = await openDatabase(appUrl, 1);
  try {
    await cancelOnAbort(session, appUrl, signal);
    const outcome = await importFiles({
      ...{ em: session.em, liftingEm: lifting.em, cipher: new CredentialCipher(config.credentialKeys) },
      ...{ files, isDryRun, signal, intervalSeconds: config.sync.intervalSeconds },
      onProgress: (what) => {
        showUnderWay(`… ${what}`);
      },
      onFirm: (firm) => {
        showUnderWay("");
        for (const line of firmLines(firm, files)) printLine(line);
      },
    });
    showUnderWay("");
    if (outcome.kind === "UNREADABLE") for (const line of refusedLines(outcome.refused, files)) printLine(line);
    printLine(summaryLine(outcome, isDryRun));
    return outcome.kind === "DONE" && outcome.refusedFirms === 0 ? 0 : 1;
  } catch (error) {
    signal.throwIfAborted(); // a cancelled statement fails in its own words
    throw error;
  } finally {
    showUnderWay("");
    await lifting.close();
    await session.close();
  }
}

/** A large firm's statements take long: they are not waited for. */
async function cancelOnAbort(session: Database, appUrl: string, signal: AbortSignal): Promise<void> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(session.em.getKysely());
  signal.addEventListener("abort", () => {
    const client = new pg.Client(appUrl);
    void client
      .connect()
      .then(() => client.query("select pg_cancel_backend($1)", [rows[0]?.pid]))
      .finally(() => client.end())
      .catch(() => undefined);
  });
}
