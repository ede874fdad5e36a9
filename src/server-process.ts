import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Application, ApplicationLogins } from "./application.js";
import { ConfigError, loadConfig, type Config } from "./config.js";
import { CredentialCipher, CredentialKeysError } from "./connections/credential-cipher.js";
import { requireKeyVersions } from "./connections/credential-versions.js";
import { checkDatabase } from "./database/check-database.js";
import { startEmbeddedPostgres } from "./database/embedded/embedded-postgres.js";
import type { MigrateOptions } from "./database/migrate.js";
import { OwnedByAnotherError, takeOwnership, type Ownership } from "./database/ownership.js";
import { connectWhenReady } from "./database/wait-for-database.js";
import type { Demo } from "./demo/demo.js";
import { createLogger } from "./log.js";
import { googleApplication, microsoftApplication } from "./providers/oauth-applications.js";

const wrongConfiguration = 2;
const longestStopMs = 20_000;
const longestStartMs = 3_000;

/** What has been started, to be stopped in reverse. */
type Stops = (() => Promise<unknown>)[];

/** Starts what the configuration asks for, top to bottom, and stops it in reverse on SIGINT or SIGTERM. Ends the process. */
export async function runServer(): Promise<void> {
  const stops: Stops = [];
  const stopping = new AbortController();
  try {
    const config = loadConfig();
    const log = createLogger(config.log);
    const started = start(config, stops, stopping.signal, log);
    stopOnSignal(stopping, started, stops, log);
    await started;
  } catch (error) {
    if (stopping.signal.aborted) return; // its database was stopped while it started: the process ends when all has
    process.exitCode = explain(error);
    await stopAll(stops);
    process.exit();
  }
}

async function start(config: Config, stops: Stops, stopping: AbortSignal, log: Logger): Promise<void> {
  const { logins, ownership } = await prepareDatabase(config, stops, log);
  const demo = config.isDemo ? await (await import("./demo/demo.js")).startDemo(config, logins, log) : null;
  if (demo) stops.push(() => demo.stop());
  const { startApplication } = await import("./application.js");
  const application = await startApplication({
    config,
    logins,
    ownerUrl: logins.ownerUrl === "" ? null : logins.ownerUrl,
    google: demo?.google ?? googleApplication(config),
    microsoft: demo?.microsoft ?? microsoftApplication(config),
    graphiqlToken: demo?.managerToken ?? null,
    log,
  });
  stops.push(() => application.stop());
  if (stopping.aborted) return;
  await ownership?.announce(application.url ?? `process ${process.pid}`);
  await introduce(application, config, demo, log);
}

interface Logins extends ApplicationLogins {
  /** Not needed where migrating is somebody else's work. */
  ownerUrl: string;
}

/** The database, migrated where that is this process's work. An embedded one belongs to one server. */
async function prepareDatabase(
  config: Config,
  stops: Stops,
  log: Logger,
): Promise<{ logins: Logins; ownership: Ownership | null }> {
  const given = config.database.logins;
  if (given) loadMeanwhile(config);
  const logins = given ? { ...given, ownerUrl: given.ownerUrl ?? "" } : await startEmbedded(config, stops, log);
  const ownership = given
    ? null
    : await takeOwnership(logins.ownerUrl, {
        description: `the data folder ${config.dataDir}`,
        log,
        onLost: (error) => {
          log.fatal(error.message);
          process.kill(process.pid, "SIGTERM");
        },
      });
  if (ownership) stops.push(() => ownership.release());
  if (config.database.migrateOnStart) await migrated({ ...logins, log });
  await checkDatabase(logins.appUrl, { log });
  if (!config.database.migrateOnStart) await assertMigrated(logins.appUrl, log);
  await assertKeys(logins.systemUrl, config, log);
  return { logins, ownership };
}

/** Most of the code is loaded while PostgreSQL starts or is connected to: one takes as long as the other. */
function loadMeanwhile({ roles }: Config): void {
  const loading = [import("./application.js"), ...(roles.has("api") ? [import("./server.js")] : [])];
  for (const each of loading) each.catch(() => undefined); // a failure is told where it is needed
}

async function migrated(options: MigrateOptions): Promise<void> {
  const { migrate } = await import("./database/migrate.js");
  await migrate(options);
}

async function assertMigrated(appUrl: string, log: Logger): Promise<void> {
  const { pendingMigrations } = await import("./database/pending-migrations.js");
  const client = await connectWhenReady(appUrl, { log });
  const pending = await pendingMigrations((statement) =>
    client.query<Record<string, unknown>>(statement).then(({ rows }) => rows),
  ).finally(() => client.end());
  if (pending.length > 0) {
    throw new Error(`The database is not up to date (${pending.join(", ")} missing): run npm run migrate first.`);
  }
}

/** Every process reads or writes tokens, whatever its roles: those that are stored must be readable. */
async function assertKeys(systemUrl: string, { credentialKeys }: Config, log: Logger): Promise<void> {
  const client = await connectWhenReady(systemUrl, { log });
  try {
    const query = async (statement: string) => (await client.query<Record<string, unknown>>(statement)).rows;
    await requireKeyVersions(query, new CredentialCipher(credentialKeys));
  } finally {
    await client.end();
  }
}

async function startEmbedded(config: Config, stops: Stops, log: Logger): Promise<Logins> {
  const postgres = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    log,
    onWaiting: () => {
      loadMeanwhile(config);
    },
  });
  stops.push(() => postgres.stop());
  return postgres;
}

async function introduce(application: Application, config: Config, demo: Demo | null, log: Logger): Promise<void> {
  const roles = [...config.roles].join(", ");
  log.info(application.url ? `ready at ${application.url} (${roles})` : `ready (${roles})`);
  await demo?.introduce(application.url);
}

/** The first signal stops everything in order, a second one ends the process at once. */
function stopOnSignal(stopping: AbortController, started: Promise<void>, stops: Stops, log: Logger): void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
    log.info(`${signal}: stopping`);
    setTimeout(() => process.exit(1), longestStopMs).unref();
    void stop().then(() => {
      log.info("stopped");
      process.exit();
    });
  };
  // What is just starting should be there to be stopped, but a start may hang on a database that does not answer.
  const stop = async (): Promise<void> => {
    await Promise.race([started.catch(() => undefined), delay(longestStartMs)]);
    await stopAll(stops);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

async function stopAll(stops: Stops): Promise<void> {
  for (let stop = stops.pop(); stop; stop = stops.pop()) {
    try {
      await stop();
    } catch (error) {
      process.exitCode = explain(error);
    }
  }
}

/** Writes a line for each thing that is wrong, and says with which code the process ends. */
function explain(error: unknown): number {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  const isConfiguration = [ConfigError, OwnedByAnotherError, CredentialKeysError].some((kind) => error instanceof kind);
  return isConfiguration ? wrongConfiguration : 1;
}
