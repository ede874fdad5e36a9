import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GraphQLClient } from "graphql-request";
import pg from "pg";
import { pino, type Logger } from "pino";
import type { Role } from "../../src/access/actor.js";
import { signToken } from "../../src/access/token.js";
import { startApplication, type Application } from "../../src/application.js";
import { readConfig, type Config } from "../../src/config.js";
import { CredentialCipher } from "../../src/connections/credential-cipher.js";
import { outageLimits, type OutageLimits } from "../../src/connections/outage-limits.js";
import { storeCredentials } from "../../src/connections/credentials.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { callLimits, type CallLimits } from "../../src/providers/call-limits.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.js";
import { createLogger } from "../../src/log.js";
import { createTestDatabase, type TestDatabase } from "./database.js";
import { clientSecret, secretKey, secretText } from "./secrets.js";
import { watchAnswers } from "./watched-answers.js";
import { keepWritten } from "./written.js";

/** Outages are for the tests that are about them: otherwise no retry waits for its turn, and no breaker opens. */
const noLimits: Partial<OutageLimits> = { retryBurst: 1_000_000, breakerConnections: 1_000_000 };

/** A retry policy whose delays are too short to wait for. */
export const quickRetries = { MAX_DELAY_SECONDS: "0.05" };

export interface TestAppOptions {
  /** Variables of the configuration. */
  environment?: Readonly<Record<string, string>>;
  /** Where a test is about outages: what differs from the usual limits. */
  limits?: Partial<OutageLimits>;
  /** Where a test is about what ends a call: what differs from the usual limits. */
  callLimits?: Partial<CallLimits>;
  /** Where a test is about the log. */
  log?: Logger;
  /** Whether its scheduler maintains the database, too. Default false: tests say when. */
  isMaintaining?: boolean;
  /** Of another process, to be shared; without it the database, the calendars and the secrets are new. */
  installation?: Installation;
}

/** What a process of the same installation is given: the same database, calendars and secrets. */
export interface Installation {
  database: TestDatabase;
  simulator: Simulator;
  environment: Readonly<Record<string, string>>;
}

/** The whole server on a database of its own, with a simulated provider, spoken to over HTTP. */
export class TestApp {
  readonly url: string;
  /** Of the metrics and probes, where METRICS_PORT is set. */
  readonly operationsUrl: string;
  readonly simulator: Simulator;

  private constructor(
    readonly config: Config,
    readonly installation: Installation,
    application: Application,
    private readonly appDatabase: Database,
    private readonly superuser: pg.Pool,
    private readonly cleanUps: (() => Promise<unknown>)[],
  ) {
    this.url = application.url ?? "";
    this.operationsUrl = application.operationsUrl ?? "";
    this.simulator = installation.simulator;
  }

  static async start(options: TestAppOptions = {}): Promise<TestApp> {
    const installation = options.installation ?? (await newInstallation());
    const { database, simulator } = installation;
    const dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-test-"));
    const environment = { ...installation.environment, DATA_DIR: dataDir, ...options.environment };
    const config = readConfig(environment);
    const application = await startApplication({
      config,
      logins: database,
      ownerUrl: options.isMaintaining === true ? database.ownerUrl : null,
      google: {
        apiUrl: simulator.googleApiUrl,
        authUrl: simulator.googleAuthUrl,
        tokenUrl: simulator.googleTokenUrl,
        clientId: "client",
        clientSecret,
      },
      microsoft: {
        apiUrl: simulator.microsoftApiUrl,
        loginUrl: simulator.microsoftLoginUrl,
        tenant: "common",
        clientId: "client",
        clientSecret,
      },
      graphiqlToken: null,
      limits: { ...outageLimits, ...(options.limits ?? noLimits) },
      callLimits: { ...callLimits, ...options.callLimits },
      log: options.log ?? keptLog(),
    });
    const watched = [application.url, application.operationsUrl].filter((url) => url !== null);
    const endWatch = watchAnswers(watched);
    const appDatabase = await openDatabase(database.appUrl, 2);
    const superuser = new pg.Pool({ connectionString: database.superuserUrl, max: 2 });
    superuser.on("error", () => undefined); // the database is dropped under it
    const cleanUps = [
      () => application.stop().finally(endWatch),
      () => appDatabase.close(),
      () => superuser.end(),
      ...(options.installation ? [] : [() => simulator.close(), () => database.drop()]),
      () => rm(dataDir, { recursive: true }),
    ];
    return new TestApp(config, { ...installation, environment }, application, appDatabase, superuser, cleanUps);
  }

  async stop(): Promise<void> {
    for (const cleanUp of this.cleanUps) await cleanUp();
  }

  /** A GraphQL client with a token of that role. */
  async as(role: Role, firmId = "1"): Promise<GraphQLClient> {
    const token = await this.token(role, firmId);
    return new GraphQLClient(`${this.url}/graphql`, { headers: { authorization: `Bearer ${token}` } });
  }

  token(role: Role, firmId = "1"): Promise<string> {
    return signToken(this.config.jwt, { userId: `${role}-${firmId}`, firmId, role, name: null, hours: 1 });
  }

  /** Asks as a manager of the firm; throws graphql-request's ClientError when anything was refused. */
  async manager<T = Record<string, unknown>>(query: string, variables: object = {}, firmId = "1"): Promise<T> {
    const client = await this.as("manager", firmId);
    return client.request<T>(query, { ...variables });
  }

  /** Rows as a superuser sees them. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.superuser.query<Row>(text, values)).rows;
  }

  /** A firm's connection to the primary calendar of a simulated account; nothing is scheduled. Returns its id. */
  async connect(account: string, firmId = "1", provider: ProviderName = "GOOGLE"): Promise<string> {
    const kind = provider === "GOOGLE" ? "google" : "microsoft";
    if (!this.simulator.control.hasAccount(account)) this.simulator.control.addAccount(account, { provider: kind });
    await this.sql("insert into firm (id, name) values ($1, 'A firm') on conflict do nothing", [firmId]);
    const [row] = await this.sql<{ id: string }>(
      `insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id, calendar_name)
       values ($1, $3, 'staff-1', $2, 'primary', 'Primary') returning id`,
      [firmId, account, provider],
    );
    const id = String(row?.id);
    await unitOfWork(this.appDatabase.em, firmId, (unit) =>
      storeCredentials(unit, new CredentialCipher(this.config.credentialKeys), id, this.refreshToken(account), []),
    );
    return id;
  }

  /** Has the scheduler make a pull of the connection and waits until no run of it is under way. Returns the newest run's id. */
  async pull(connectionId: string): Promise<string> {
    const before = await this.newestRun(connectionId);
    await this.sql("update calendar_connection set next_pull_at = now() where id = $1", [connectionId]);
    await until(async () => (await this.newestRun(connectionId)) !== before);
    await this.quiet(connectionId);
    await this.sql("update calendar_connection set next_pull_at = null where id = $1", [connectionId]);
    return String(await this.newestRun(connectionId));
  }

  /** Waits until no run of the connection is queued, running or about to be retried at once. */
  async quiet(connectionId: string): Promise<void> {
    await until(async () => {
      const busy = await this.sql(
        `select from sync_run where connection_id = $1
         and (status in ('QUEUED', 'RUNNING') or (status = 'RETRYING' and next_retry_at < now() + interval '5 s'))`,
        [connectionId],
      );
      return busy.length === 0;
    });
  }

  private async newestRun(connectionId: string): Promise<string | undefined> {
    const [row] = await this.sql<{ id: string }>("select max(id) as id from sync_run where connection_id = $1", [
      connectionId,
    ]);
    return row?.id;
  }

  private refreshToken(account: string): string {
    return this.simulator.control.refreshTokenOf(account);
  }
}

/** Searched for secrets when the run has ended; with TEST_LOG, a level, seen at once instead. */
function keptLog(): Logger {
  const level = process.env["TEST_LOG"];
  if (level !== undefined) return pino({ level });
  return createLogger(
    { level: "trace", isPretty: false },
    {
      write: (line) => {
        keepWritten("log", line);
      },
    },
  );
}

/** Looks until it holds, at most 55 s: less than a test may take, more than a busy machine needs. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 1100; looks += 1) {
    if (await holds()) return;
    await delay(50);
  }
  throw new Error("waited 55 s in vain");
}

/** A new one, on a database of the test run unless another one is given. Whoever makes it closes its simulator. */
export async function newInstallation(database?: TestDatabase): Promise<Installation> {
  database ??= await createTestDatabase();
  const environment = {
    // Tests say themselves when a pull is due: a connection's own moment of a week comes in their time by hardly any chance.
    SYNC_INTERVAL_SECONDS: "604800",
    DATABASE_URL: database.appUrl,
    DATABASE_SYSTEM_URL: database.systemUrl,
    HOST: "127.0.0.1",
    PORT: "0",
    JWT_SECRET: secretText("jwt"),
    CREDENTIALS_KEYS: `1:${secretKey()}`,
    GOOGLE_CLIENT_ID: "client",
    GOOGLE_CLIENT_SECRET: clientSecret,
    WORKER_CONCURRENCY: "4",
    SYNC_WAIT_SECONDS: "20",
    RATE_LIMIT_PER_MINUTE: "100000", // one manager asks for what many do
  };
  return { database, simulator: await startSimulator(), environment };
}
