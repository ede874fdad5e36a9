import { existsSync, readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { demoSecrets } from "./access/demo-secrets.js";
import { secretNames, variables, type ServerRole, type Variables } from "./config-variables.js";
import { parseCredentialKeys } from "./connections/credential-cipher.js";

export type Config = ReturnType<typeof configOf>;

/** The configuration is unusable. `faults` has a line for each fault, which names the variable and never repeats a secret. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "ConfigError";
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment, and before it the file `.env` of the working directory where there is one. */
export function loadConfig(): Config {
  if (existsSync(".env")) process.loadEnvFile(".env");
  return readConfig(process.env);
}

/**
 * The configuration that an environment asks for. An empty variable is an absent one. In demo mode, missing secrets are made and
 * kept in DATA_DIR.
 * @throws ConfigError with every fault at once
 */
export function readConfig(environment: Environment): Config {
  const faults: string[] = [];
  const present = withFileContents(environment, faults);
  const parsed = variables.safeParse(present);
  if (!parsed.success) faults.push(...parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`));
  faults.push(...missingVariables(present), ...tokenFaults(present));
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults);
  return configOf(isDemo(present) ? withDemoSecrets(parsed.data) : parsed.data);
}

function withFileContents(environment: Environment, faults: string[]): Environment {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  for (const name of secretNames) {
    const path = present[`${name}_FILE`];
    if (path === undefined) continue;
    if (present[name] !== undefined) faults.push(`${name}: is set beside ${name}_FILE; set one of them`);
    try {
      present[name] = readFileSync(path, "utf8").trim();
    } catch {
      faults.push(`${name}_FILE: the file cannot be read`);
    }
  }
  return present;
}

/** Nothing points to a real database or provider: the server shows itself on an embedded database and simulated providers. */
function isDemo(values: Variables | Environment): boolean {
  return (
    values.DATABASE_URL === undefined &&
    values.GOOGLE_CLIENT_ID === undefined &&
    values.MICROSOFT_CLIENT_ID === undefined
  );
}

/** Whether real calendars are at stake, so that no secret may be made up. */
function isReal(present: Environment): boolean {
  return present["NODE_ENV"] === "production" || !isDemo(present);
}

function missingVariables(present: Environment): string[] {
  const has = (name: keyof Variables): boolean => present[name] !== undefined;
  const hasProvider = has("GOOGLE_CLIENT_ID") || has("MICROSOFT_CLIENT_ID");
  const hasSecret = has("GOOGLE_CLIENT_SECRET") || has("MICROSOFT_CLIENT_SECRET");
  const isProduction = present["NODE_ENV"] === "production";
  const migrates = ["true", "1"].includes(present["MIGRATE_ON_START"] ?? "");
  const needed: [name: keyof Variables, isNeeded: boolean, reason: string][] = [
    ["DATABASE_URL", isProduction, "NODE_ENV=production needs a real database"],
    ["DATABASE_URL", !isProduction && has("DATABASE_SYSTEM_URL"), "DATABASE_SYSTEM_URL is set"],
    ["DATABASE_URL", !isProduction && has("DATABASE_OWNER_URL"), "DATABASE_OWNER_URL is set"],
    ["DATABASE_SYSTEM_URL", has("DATABASE_URL"), "scheduling crosses firms and has its own login"],
    ["DATABASE_OWNER_URL", has("DATABASE_URL") && migrates, "MIGRATE_ON_START is on"],
    ["CREDENTIALS_KEYS", isReal(present), "stored provider tokens are encrypted with them"],
    [
      "GOOGLE_CLIENT_ID",
      isProduction && !hasProvider && !hasSecret,
      "NODE_ENV=production needs a provider: it or MICROSOFT_CLIENT_ID",
    ],
    ["GOOGLE_CLIENT_ID", has("GOOGLE_CLIENT_SECRET"), "GOOGLE_CLIENT_SECRET is set"],
    ["GOOGLE_CLIENT_SECRET", has("GOOGLE_CLIENT_ID"), "GOOGLE_CLIENT_ID is set"],
    ["MICROSOFT_CLIENT_ID", has("MICROSOFT_CLIENT_SECRET"), "MICROSOFT_CLIENT_SECRET is set"],
    ["MICROSOFT_CLIENT_SECRET", has("MICROSOFT_CLIENT_ID"), "MICROSOFT_CLIENT_ID is set"],
  ];
  return needed
    .filter(([name, isNeeded]) => isNeeded && !has(name))
    .map(([name, , reason]) => `${name}: is missing (${reason})`);
}

function tokenFaults(present: Environment): string[] {
  const hasSecret = present["JWT_SECRET"] !== undefined;
  const hasKeySet = present["JWT_JWKS_URL"] !== undefined;
  const faults: string[] = [];
  if (hasSecret && hasKeySet) faults.push("JWT_JWKS_URL: is set beside JWT_SECRET; set one of them");
  if (!hasSecret && !hasKeySet && isReal(present)) {
    faults.push("JWT_SECRET: is missing (it or JWT_JWKS_URL says how tokens are verified)");
  }
  if (present["JWT_SECRET_PREVIOUS"] !== undefined && !hasSecret) {
    faults.push("JWT_SECRET_PREVIOUS: is set without JWT_SECRET");
  }
  return faults;
}

function withDemoSecrets(values: Variables): Variables {
  if (values.CREDENTIALS_KEYS !== undefined && (values.JWT_SECRET ?? values.JWT_JWKS_URL) !== undefined) return values;
  const made = demoSecrets(values.DATA_DIR);
  return {
    ...values,
    CREDENTIALS_KEYS: values.CREDENTIALS_KEYS ?? made.credentialsKeys,
    JWT_SECRET: values.JWT_JWKS_URL === undefined ? (values.JWT_SECRET ?? made.jwtSecret) : undefined,
  };
}

function configOf(values: Variables) {
  const demo = isDemo(values);
  return {
    isDemo: demo,
    dataDir: values.DATA_DIR,
    demoCalendars: values.DEMO_CALENDARS,
    roles: new Set<ServerRole>(values.ROLES),
    database: {
      /** Null: embedded. */
      logins: databaseLogins(values),
      poolSize: values.DATABASE_POOL_SIZE,
      migrateOnStart: values.MIGRATE_ON_START ?? values.DATABASE_URL === undefined,
    },
    http: { port: values.PORT, host: values.HOST ?? (demo ? "127.0.0.1" : "0.0.0.0") },
    web: {
      /** Null: links are made from what can be told from the request. */
      publicUrl: values.PUBLIC_URL ?? null,
      trustProxy: values.TRUST_PROXY,
      corsOrigins: values.CORS_ORIGINS,
    },
    jwt: {
      /** The first signs, all verify; empty with a key set. */
      secrets: [values.JWT_SECRET, values.JWT_SECRET_PREVIOUS].filter((one) => one !== undefined),
      jwksUrl: values.JWT_JWKS_URL ?? null,
      issuer: values.JWT_ISSUER ?? null,
      audience: values.JWT_AUDIENCE ?? null,
      claims: { user: values.JWT_CLAIM_USER ?? null, firm: values.JWT_CLAIM_FIRM, role: values.JWT_CLAIM_ROLE },
    },
    credentialKeys: parseCredentialKeys(values.CREDENTIALS_KEYS ?? ""),
    google: googleConfig(values),
    microsoft: microsoftConfig(values),
    sync: {
      intervalSeconds: values.SYNC_INTERVAL_SECONDS ?? (demo ? 20 : 300),
      /** Requests that the Google application is allowed in a day. */
      googleDailyRequests: values.GOOGLE_DAILY_REQUESTS,
      windowPastDays: values.SYNC_WINDOW_PAST_DAYS,
      windowFutureDays: values.SYNC_WINDOW_FUTURE_DAYS,
      waitSeconds: values.SYNC_WAIT_SECONDS,
      workerConcurrency: values.WORKER_CONCURRENCY,
      staleAfterSeconds: values.STALE_AFTER_SECONDS,
    },
    retry: {
      maxRetries: values.MAX_RETRIES,
      baseDelaySeconds: values.BASE_DELAY_SECONDS,
      rateLimitedDelaySeconds: values.RATE_LIMITED_DELAY_SECONDS,
      maxDelaySeconds: values.MAX_DELAY_SECONDS,
      jitterFactor: values.JITTER_FACTOR,
    },
    retention: {
      /** Of attempts and of runs that have ended. */
      days: values.RETENTION_DAYS,
      auditDays: values.AUDIT_RETENTION_DAYS,
      /** That a partition of attempts or of audit events holds at least. */
      partitionIds: values.PARTITION_IDS,
    },
    /** Of one user in this process. */
    mutationsPerMinute: values.RATE_LIMIT_PER_MINUTE,
    operations: {
      /** Null: metrics on the main port, for this machine alone. */
      metricsPort: values.METRICS_PORT ?? null,
      /** Null: no traces. */
      otlpEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    },
    graphql: { graphiql: values.GRAPHIQL ?? demo, introspection: values.INTROSPECTION ?? demo },
    log: { level: values.LOG_LEVEL, isPretty: values.LOG_PRETTY ?? isatty(1) },
  };
}

function databaseLogins(values: Variables): { appUrl: string; systemUrl: string; ownerUrl: string | null } | null {
  if (values.DATABASE_URL === undefined || values.DATABASE_SYSTEM_URL === undefined) return null;
  return {
    appUrl: values.DATABASE_URL,
    systemUrl: values.DATABASE_SYSTEM_URL,
    ownerUrl: values.DATABASE_OWNER_URL ?? null,
  };
}

/** Addresses are null where they are not set: then the real ones, in demo mode the simulator's. */
function googleConfig(values: Variables) {
  return {
    /** Null: Google calendars cannot be connected, except simulated ones in demo mode. */
    client:
      values.GOOGLE_CLIENT_ID !== undefined && values.GOOGLE_CLIENT_SECRET !== undefined
        ? { id: values.GOOGLE_CLIENT_ID, secret: values.GOOGLE_CLIENT_SECRET }
        : null,
    apiUrl: values.GOOGLE_API_URL ?? null,
    authUrl: values.GOOGLE_AUTH_URL ?? null,
    tokenUrl: values.GOOGLE_TOKEN_URL ?? null,
  };
}

function microsoftConfig(values: Variables) {
  return {
    /** Null: Microsoft calendars cannot be connected, except simulated ones in demo mode. */
    client:
      values.MICROSOFT_CLIENT_ID !== undefined && values.MICROSOFT_CLIENT_SECRET !== undefined
        ? { id: values.MICROSOFT_CLIENT_ID, secret: values.MICROSOFT_CLIENT_SECRET }
        : null,
    tenant: values.MICROSOFT_TENANT,
    apiUrl: values.MICROSOFT_API_URL ?? null,
    loginUrl: values.MICROSOFT_LOGIN_URL ?? null,
  };
}
