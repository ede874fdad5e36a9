import { join } from "node:path";
import type { Logger } from "pino";
import { demoSecrets } from "../../access/demo-secrets.js";
import { parseCredentialKeys, CredentialCipher } from "../../connections/credential-cipher.js";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../database/embedded/embedded-postgres.js";
import { migrate } from "../../database/migrate.js";
import { openDatabase, openSystemDatabase, type Database } from "../../database/orm.js";
import { takeOwnership } from "../../database/ownership.js";
import type { ProviderName } from "../../providers/provider.js";
import { startSimulator, type Simulator } from "../../simulator/simulator.js";
import type { DemoCalendar } from "../seed.js";
import { connectFirms } from "./backlog.js";
import { clusterCalendars } from "./calendars.js";

/** What the processes of the cluster have in common. */
export interface ClusterInstallation {
  postgres: EmbeddedPostgres;
  firmIds: readonly string[];
  database: Database;
  systemDatabase: Database;
  /** What each server process is given; its role is added. */
  environment: Record<string, string>;
}

export interface ClusterSize {
  /** Half of them at each provider, spread over the firms. */
  connections: number;
  firms: number;
  /** How long the providers take for a request. */
  requestDelayMs: number;
  /** By each worker. */
  runsAtOnce: number;
  intervalSeconds: number;
}

/** Servers with their pools. */
const postgresSettings = { max_connections: "200" };

/**
 * A PostgreSQL, a simulator and firms in a data folder of the cluster's own. What has been started is added to `stops` at once.
 * @throws OwnedByAnotherError where another cluster uses the folder
 */
export async function startInstallation(
  { dataDir, size, log }: { dataDir: string; size: ClusterSize; log: Logger },
  stops: (() => Promise<unknown>)[],
): Promise<ClusterInstallation> {
  const postgres = await startEmbeddedPostgres({ dataDir, log, settings: postgresSettings });
  stops.push(() => postgres.stop());
  const ownership = await takeOwnership(postgres.ownerUrl, { description: `the data folder ${dataDir}`, log });
  stops.push(() => ownership.release());
  await migrate({ ...postgres, log });
  const database = await openDatabase(postgres.appUrl, 2);
  stops.push(() => database.close());
  const systemDatabase = await openSystemDatabase(postgres.systemUrl, 2);
  stops.push(() => systemDatabase.close());
  const { simulator, calendars } = await startProviders(dataDir, size);
  stops.push(() => simulator.close());
  const secrets = demoSecrets(dataDir);
  const cipher = new CredentialCipher(parseCredentialKeys(secrets.credentialsKeys));
  const firmIds = Array.from({ length: size.firms }, (_, index) => String(index + 1));
  await connectFirms(database.em, cipher, calendars, firmIds);
  const environment = environmentOf(postgres, simulator, secrets, size);
  return { postgres, firmIds, database, systemDatabase, environment };
}

/** Half of the calendars are Google's, half Microsoft's, in turns. */
async function startProviders(
  dataDir: string,
  { connections, requestDelayMs }: ClusterSize,
): Promise<{ simulator: Simulator; calendars: DemoCalendar[] }> {
  const googleCalendars = clusterCalendars("GOOGLE", Math.ceil(connections / 2));
  const microsoftCalendars = clusterCalendars("MICROSOFT", Math.floor(connections / 2));
  const simulator = await startSimulator({
    stateFile: join(dataDir, "simulator.json"),
    googleCalendars,
    microsoftCalendars,
  });
  const { control } = simulator;
  control.clearFaults();
  control.addFault({ times: null, then: { delayMs: requestDelayMs } });
  const connected = (provider: ProviderName, account: string, name: string): DemoCalendar => ({
    ...{ provider, account, name },
    id: control.externalCalendarId(account),
    refreshToken: control.refreshTokenOf(account),
  });
  const calendars = googleCalendars.flatMap(({ account, name }, index) => {
    const microsoft = microsoftCalendars[index];
    const google = connected("GOOGLE", account, name);
    return microsoft ? [google, connected("MICROSOFT", microsoft.account, microsoft.name)] : [google];
  });
  return { simulator, calendars };
}

function environmentOf(
  { appUrl, systemUrl }: EmbeddedPostgres,
  simulator: Simulator,
  { jwtSecret, credentialsKeys }: { jwtSecret: string; credentialsKeys: string },
  { runsAtOnce, intervalSeconds }: ClusterSize,
): Record<string, string> {
  return {
    DATABASE_URL: appUrl,
    DATABASE_SYSTEM_URL: systemUrl,
    JWT_SECRET: jwtSecret,
    CREDENTIALS_KEYS: credentialsKeys,
    GOOGLE_CLIENT_ID: "cluster-client",
    GOOGLE_CLIENT_SECRET: "cluster-secret",
    GOOGLE_API_URL: simulator.googleApiUrl,
    GOOGLE_TOKEN_URL: simulator.googleTokenUrl,
    MICROSOFT_CLIENT_ID: "cluster-client",
    MICROSOFT_CLIENT_SECRET: "cluster-secret",
    MICROSOFT_API_URL: simulator.microsoftApiUrl,
    MICROSOFT_LOGIN_URL: simulator.microsoftLoginUrl,
    HOST: "127.0.0.1",
    PORT: "0",
    WORKER_CONCURRENCY: String(runsAtOnce),
    SYNC_INTERVAL_SECONDS: String(intervalSeconds),
    LOG_LEVEL: "info",
    LOG_PRETTY: "false",
  };
}
