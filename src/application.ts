import type { Logger } from "pino";
import { MutationLimit } from "./access/mutation-limit.js";
import { createTokenVerifier } from "./access/token.js";
import type { Config } from "./config.js";
import type { ConnectParts } from "./connect/connecting.js";
import { isAccountShared } from "./connect/shared-account.js";
import { CredentialCipher } from "./connections/credential-cipher.js";
import { outageLimits, type OutageLimits } from "./connections/outage-limits.js";
import { openDatabase, openSystemDatabase, type Database } from "./database/orm.js";
import { pendingMigrations } from "./database/pending-migrations.js";
import { startOperationsServer, type OperationsServer, type Scrape } from "./http/operations-server.js";
import { countOutcomes } from "./metrics/committed-outcomes.js";
import { ScheduledMaintenance } from "./maintain/scheduled-maintenance.js";
import { Metrics } from "./metrics/metrics.js";
import { ObservedHttp } from "./metrics/observed-http.js";
import { callLimits, type CallLimits } from "./providers/call-limits.js";
import { notificationAddress, type NotificationAddressOf } from "./notifications/notification-address.js";
import { NotificationSecrets } from "./notifications/notification-secret.js";
import type { ProviderHttp } from "./providers/http.js";
import { SharedState } from "./metrics/shared-state.js";
import { consentProvidersOf, providersOf } from "./providers/known-providers.js";
import type { GoogleApplication, MicrosoftApplication } from "./providers/oauth-applications.js";
import type { ProviderName } from "./providers/provider.js";
import type { Server, ServerParts } from "./server.js";
import { SyncEngine } from "./sync/sync-engine.js";
import { startTracing } from "./tracing/start-tracing.js";

/** The logins an application runs on; see README, Configuration. */
export interface ApplicationLogins {
  appUrl: string;
  systemUrl: string;
}

export interface ApplicationOptions {
  config: Config;
  logins: ApplicationLogins;
  /** By which a scheduler maintains the database. Null or absent: an operator does. */
  ownerUrl?: string | null;
  /** Null: Google calendars are not synced by this process. */
  google: GoogleApplication | null;
  /** Null or absent: Microsoft calendars are not synced by this process. */
  microsoft?: MicrosoftApplication | null;
  /** Whether providers are asked to tell of changes, where they can reach this server. Default true. */
  isWatching?: boolean;
  /** Put into GraphiQL, in demo mode only. */
  graphiqlToken: string | null;
  /** Default: outageLimits. */
  limits?: OutageLimits;
  /** Default: callLimits. */
  callLimits?: CallLimits;
  log: Logger;
}

export interface Application {
  /** Null where this process has no API. */
  url: string | null;
  /** Where metrics and probes have a port of their own; null where they have none. */
  operationsUrl: string | null;
  stop(): Promise<void>;
}

/**
 * The parts of one process, by its roles, on a migrated database. They stop in the reverse order: no new requests, who waits is
 * answered, attempts under way are given back, connections are closed.
 */
export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { config, logins, log } = options;
  const stops: (() => Promise<void>)[] = [];
  const ownUrl = Promise.withResolvers<string | null>();
  let isStopping = false;
  const stop = async (): Promise<void> => {
    isStopping = true;
    for (const stopPart of stops.reverse()) await stopPart();
  };
  try {
    stops.push(await startTracing(config.operations.otlpEndpoint));
    const database = await openDatabase(logins.appUrl, config.database.poolSize);
    stops.push(() => database.close());
    const systemDatabase = await openSystemDatabase(logins.systemUrl, 4);
    stops.push(() => systemDatabase.close());
    const measured = measure(options, database, systemDatabase);
    const operations = await startOperations(options, database, measured, () => isStopping);
    if (operations) stops.push(() => operations.stop());
    const httpOf = providerHttps(measured.metrics, limitsOf(options), stops);
    const providers = providersOf(options, httpOf);
    const cipher = new CredentialCipher(config.credentialKeys);
    const secrets = new NotificationSecrets(config.credentialKeys);
    const engine = await SyncEngine.start({
      database,
      systemDatabase,
      ...logins,
      cipher,
      providers,
      policy: config.retry,
      limits: options.limits ?? outageLimits,
      window: { pastDays: config.sync.windowPastDays, futureDays: config.sync.windowFutureDays },
      notifications: { addressOf: notificationAddresses(options, ownUrl.promise), secrets },
      intervalSeconds: config.sync.intervalSeconds,
      googleDailyRequests: config.sync.googleDailyRequests,
      workerConcurrency: config.sync.workerConcurrency,
      mostPages: limitsOf(options).pages,
      isWorker: config.roles.has("worker"),
      isScheduler: config.roles.has("scheduler"),
      log,
    });
    stops.push(() => engine.stop());
    const maintenance = maintenanceOf(options, systemDatabase);
    stops.push(() => maintenance.stop());
    const connecting: ConnectParts = {
      providers: consentProvidersOf(options, httpOf),
      cipher,
      returnOrigins: config.web.corsOrigins,
      intervalSeconds: config.sync.intervalSeconds,
      isAccountShared: (connection) => isAccountShared(systemDatabase.em, connection),
      stopChannels: (connection, channels) => engine.channelStopper.stop(connection, channels),
    };
    const notifications = { providers, secrets };
    const server = config.roles.has("api")
      ? await startApi(options, database.em, engine, { ...measured, connecting, notifications })
      : null;
    ownUrl.resolve(server?.url ?? null);
    if (server) stops.push(() => stopApi(server, engine));
    return { url: server?.url ?? null, operationsUrl: operations?.url ?? null, stop };
  } catch (error) {
    ownUrl.resolve(null);
    await stop();
    throw error;
  }
}

/** A scheduler's is started. */
function maintenanceOf({ config, ownerUrl, log }: ApplicationOptions, { em }: Database): ScheduledMaintenance {
  const { retention, roles } = config;
  const maintenance = new ScheduledMaintenance({ systemEm: em, ownerUrl: ownerUrl ?? null, retention, log });
  if (roles.has("scheduler")) maintenance.start();
  return maintenance;
}

/** Where no public address is set, a demo's providers, which are on this machine, reach it at its own as soon as it has one. */
function notificationAddresses(
  { config, google, microsoft, isWatching = true }: ApplicationOptions,
  ownUrl: Promise<string | null>,
): NotificationAddressOf {
  const apiUrls = { GOOGLE: google?.apiUrl ?? "", MICROSOFT: microsoft?.apiUrl ?? "" };
  return async (name) => {
    if (!isWatching) return null;
    const baseUrl = config.web.publicUrl ?? (config.isDemo ? await ownUrl : null);
    return notificationAddress(baseUrl, { name, apiUrl: apiUrls[name] });
  };
}

/** What this process counts, and how it is told. */
interface Measured {
  metrics: Metrics;
  scrape: Scrape;
}

function measure({ config }: ApplicationOptions, database: Database, systemDatabase: Database): Measured {
  const metrics = new Metrics();
  countOutcomes(database.em, metrics);
  const shared = new SharedState(systemDatabase.em, config.sync.staleAfterSeconds);
  const text = async () => `${await shared.text()}\n${await metrics.text()}`;
  return { metrics, scrape: { contentType: metrics.contentType, text } };
}

async function startOperations(
  { config, log }: ApplicationOptions,
  { em }: Database,
  { scrape }: Measured,
  isStopping: () => boolean,
): Promise<OperationsServer | null> {
  const { metricsPort: port } = config.operations;
  if (port === null) return null;
  const readiness = {
    isStopping,
    pendingMigrations: () => pendingMigrations((statement) => em.execute(statement)),
    log,
  };
  const server = await startOperationsServer({ host: config.http.host, port }, { scrape, readiness });
  log.info(`metrics at ${server.url}/metrics`);
  return server;
}

function limitsOf(options: ApplicationOptions): CallLimits {
  return options.callLimits ?? callLimits;
}

/** Each provider's transport, made once and closed with the application. */
function providerHttps(
  metrics: Metrics,
  limits: CallLimits,
  stops: (() => Promise<void>)[],
): (provider: ProviderName) => ProviderHttp {
  const made = new Map<ProviderName, ProviderHttp>();
  return (provider) => {
    const known = made.get(provider);
    if (known) return known;
    const http = new ObservedHttp(provider, metrics, limits);
    made.set(provider, http);
    stops.push(() => http.close());
    return http;
  };
}

async function startApi(
  options: ApplicationOptions,
  em: ServerParts["em"],
  engine: SyncEngine,
  { metrics, scrape, connecting, notifications }: Measured & Pick<ServerParts, "connecting" | "notifications">,
): Promise<Server> {
  const { config, log } = options;
  const { startServer } = await import("./server.js"); // half of all code, which only an API runs
  return startServer({
    em,
    runs: engine.queue,
    verifyToken: createTokenVerifier(config.jwt, { log }),
    http: config.http,
    web: { ...config.web, isOwnAddressPublic: config.isDemo },
    connecting,
    notifications,
    graphql: { ...config.graphql, graphiqlToken: options.graphiqlToken },
    settings: { waitSeconds: config.sync.waitSeconds, staleAfterSeconds: config.sync.staleAfterSeconds },
    mutationLimit: new MutationLimit({ mutations: config.mutationsPerMinute, windowSeconds: 60 }),
    pendingMigrations: () => pendingMigrations((statement) => em.execute(statement)),
    metrics,
    ...(config.operations.metricsPort === null ? { scrape } : {}),
    log,
  });
}

/** Requests that wait for a run are answered at once, so that the server need not wait for them. */
async function stopApi(server: Server, engine: SyncEngine): Promise<void> {
  const stopped = server.stop();
  await engine.stopWaiting();
  await stopped;
}
