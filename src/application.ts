import type { Logger } from "pino";
import { createTokenVerifier } from "./access/token.js";
import type { Config } from "./config.js";
import { CredentialCipher } from "./connections/credential-cipher.js";
import { outageLimits, type OutageLimits } from "./connections/outage-limits.js";
import { openDatabase, openSystemDatabase } from "./database/orm.js";
import { pendingMigrations } from "./database/pending-migrations.js";
import { googleProvider } from "./providers/google/client.js";
import { ProviderHttp } from "./providers/http.js";
import { microsoftProvider } from "./providers/microsoft/client.js";
import type { CalendarProvider, ProviderName } from "./providers/provider.js";
import { startServer, type Server } from "./server.js";
import { SyncEngine } from "./sync/sync-engine.js";

/** The logins an application runs on; see README, Configuration. */
export interface ApplicationLogins {
  appUrl: string;
  systemUrl: string;
}

/** Where Google answers, and as which OAuth application it is asked. */
export interface GoogleApplication {
  apiUrl: string;
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
}

/** Where Microsoft Graph answers, and as which OAuth application it is asked. */
export interface MicrosoftApplication {
  apiUrl: string;
  loginUrl: string;
  tenant: string;
  clientId: string;
  clientSecret: string;
}

export interface ApplicationOptions {
  config: Config;
  logins: ApplicationLogins;
  /** Null: Google calendars are not synced by this process. */
  google: GoogleApplication | null;
  /** Null or absent: Microsoft calendars are not synced by this process. */
  microsoft?: MicrosoftApplication | null;
  /** Put into GraphiQL, in demo mode only. */
  graphiqlToken: string | null;
  /** Default: outageLimits. */
  limits?: OutageLimits;
  log: Logger;
}

export interface Application {
  /** Null where this process has no API. */
  url: string | null;
  stop(): Promise<void>;
}

/**
 * The parts of one process, by its roles, on a migrated database. They stop in the reverse order: no new requests, who waits is
 * answered, attempts under way are given back, connections are closed.
 */
export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { config, logins, log } = options;
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopPart of stops.reverse()) await stopPart();
  };
  try {
    const database = await openDatabase(logins.appUrl, config.database.poolSize);
    stops.push(() => database.close());
    const systemDatabase = await openSystemDatabase(logins.systemUrl, 4);
    stops.push(() => systemDatabase.close());
    const http = new ProviderHttp();
    stops.push(() => http.close());
    const engine = await SyncEngine.start({
      database,
      systemDatabase,
      ...logins,
      cipher: new CredentialCipher(config.credentialKeys),
      providers: providersOf(options, http),
      policy: config.retry,
      limits: options.limits ?? outageLimits,
      window: { pastDays: config.sync.windowPastDays, futureDays: config.sync.windowFutureDays },
      intervalSeconds: config.sync.intervalSeconds,
      googleDailyRequests: config.sync.googleDailyRequests,
      workerConcurrency: config.sync.workerConcurrency,
      isWorker: config.roles.has("worker"),
      isScheduler: config.roles.has("scheduler"),
      log,
    });
    stops.push(() => engine.stop());
    const server = config.roles.has("api") ? await startApi(options, database.em, engine) : null;
    if (server) stops.push(() => stopApi(server, engine));
    return { url: server?.url ?? null, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The providers that there is an application for, spoken to over `http`. */
export function providersOf(
  { google, microsoft }: Pick<ApplicationOptions, "google" | "microsoft">,
  http: ProviderHttp,
): Map<ProviderName, CalendarProvider> {
  const providers = new Map<ProviderName, CalendarProvider>();
  if (google) providers.set("GOOGLE", googleProvider({ ...google, http }));
  if (microsoft) providers.set("MICROSOFT", microsoftProvider({ ...microsoft, http }));
  return providers;
}

type EntityManager = Parameters<typeof startServer>[0]["em"];

function startApi(options: ApplicationOptions, em: EntityManager, engine: SyncEngine): Promise<Server> {
  const { config, log } = options;
  return startServer({
    em,
    runs: engine.queue,
    verifyToken: createTokenVerifier(config.jwt),
    http: config.http,
    graphql: { ...config.graphql, graphiqlToken: options.graphiqlToken },
    settings: { waitSeconds: config.sync.waitSeconds, staleAfterSeconds: config.sync.staleAfterSeconds },
    pendingMigrations: () => pendingMigrations((statement) => em.execute(statement)),
    log,
  });
}

/** Requests that wait for a run are answered at once, so that the server need not wait for them. */
async function stopApi(server: Server, engine: SyncEngine): Promise<void> {
  const stopped = server.stop();
  await engine.stopWaiting();
  await stopped;
}
