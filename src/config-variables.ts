import { isIP } from "node:net";
import { z } from "zod";
import { CredentialKeysError, parseCredentialKeys } from "./connections/credential-cipher.js";

/** Which parts of the server a process runs. */
const serverRoles = ["api", "worker", "scheduler"] as const;
export type ServerRole = (typeof serverRoles)[number];

/** Variables that may also be given as the path of a file that holds them: NAME_FILE. */
export const secretNames = [
  "DATABASE_URL",
  "DATABASE_OWNER_URL",
  "DATABASE_SYSTEM_URL",
  "JWT_SECRET",
  "JWT_SECRET_PREVIOUS",
  "CREDENTIALS_KEYS",
  "GOOGLE_CLIENT_SECRET",
  "MICROSOFT_CLIENT_SECRET",
] as const;

const whole = (minimum: number, maximum: number) =>
  z
    .string()
    .refine((text) => /^\d{1,12}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum, {
      error: `must be a whole number from ${minimum} to ${maximum}`,
    })
    .transform(Number);

const decimal = (minimum: number, maximum: number) =>
  z
    .string()
    .refine((text) => /^\d{1,12}(\.\d{1,9})?$/.test(text) && Number(text) >= minimum && Number(text) <= maximum, {
      error: `must be a number from ${minimum} to ${maximum}`,
    })
    .transform(Number);

const flag = z
  .enum(["true", "false", "1", "0"], { error: "must be true or false" })
  .transform((text) => text === "true" || text === "1");

const url = (protocols: RegExp, example: string) =>
  z
    .url({ protocol: protocols, error: `must be a URL such as ${example}` })
    .transform((text) => text.replace(/\/+$/, ""));
const webUrl = url(/^https?$/, "https://host");
const databaseUrl = url(/^postgres(ql)?$/, "postgres://user:password@host:5432/name");

/** Links are made of it, and of a path behind it. */
const publicUrl = z
  .url({ protocol: /^https?$/, error: "must be a URL such as https://host" })
  .refine((text) => !/[?#@\s]/.test(text), { error: "must have no query, fragment, user or blank" })
  .transform((text) => text.replace(/\/+$/, ""));

const proxyNames = ["loopback", "linklocal", "uniquelocal"];

function isAddressOrSubnet(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const longest = isIP(address) === 6 ? 128 : 32;
  const isSubnet = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
  return isIP(address) !== 0 && isSubnet && rest.length === 0;
}

/** Express' "trust proxy": all, none, a number of hops, or the addresses and subnets of the proxies. */
const trustProxy = z.string().transform((text, check): boolean | number | string[] => {
  if (text === "true" || text === "false") return text === "true";
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const proxies = text.split(",").map((proxy) => proxy.trim());
  if (proxies.every((proxy) => proxyNames.includes(proxy) || isAddressOrSubnet(proxy))) return proxies;
  check.addIssue("must be true, false, a number of hops, or a comma-separated list of addresses and subnets");
  return z.NEVER;
});

const originList = z.string().transform((text, check): string[] => {
  const origins = text.split(",").map((origin) => origin.trim());
  if (origins.every((origin) => /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin)) {
    return origins;
  }
  check.addIssue("must be a comma-separated list of origins such as https://host");
  return z.NEVER;
});

const secret = z.string().refine((text) => Buffer.byteLength(text) >= 32, { error: "must have 32 bytes or more" });

const credentialsKeys = z.string().superRefine((text, check) => {
  try {
    parseCredentialKeys(text);
  } catch (error) {
    if (!(error instanceof CredentialKeysError)) throw error;
    for (const fault of error.faults) check.addIssue(fault);
  }
});

/** It becomes a part of the path of token requests. */
const tenant = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, {
  error: "must be a tenant's id or domain, or common, organizations or consumers",
});

const roleList = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim()))
  .pipe(z.array(z.enum(serverRoles, { error: `must be a comma-separated list of ${serverRoles.join(", ")}` })));

const pathList = z.string().transform((text) =>
  text
    .split(",")
    .map((path) => path.trim())
    .filter((path) => path !== ""),
);

const day = 86_400;

/** One line a variable: what it takes, and its default. Absent variables without a default are decided in config.ts. */
export const variables = z.object({
  NODE_ENV: z.string().optional(),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_OWNER_URL: databaseUrl.optional(),
  DATABASE_SYSTEM_URL: databaseUrl.optional(),
  DATABASE_POOL_SIZE: whole(1, 500).default(10),
  MIGRATE_ON_START: flag.optional(),
  PORT: whole(0, 65_535).default(4000),
  HOST: z.string().optional(),
  PUBLIC_URL: publicUrl.optional(),
  TRUST_PROXY: trustProxy.default(false),
  CORS_ORIGINS: originList.default([]),
  ROLES: roleList.default([...serverRoles]),
  JWT_SECRET: secret.optional(),
  JWT_SECRET_PREVIOUS: secret.optional(),
  JWT_JWKS_URL: webUrl.optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  JWT_CLAIM_USER: z.string().optional(),
  JWT_CLAIM_FIRM: z.string().default("firm_id"),
  JWT_CLAIM_ROLE: z.string().default("role"),
  CREDENTIALS_KEYS: credentialsKeys.optional(),
  GOOGLE_CLIENT_ID: z.string().optional(),
  GOOGLE_CLIENT_SECRET: z.string().optional(),
  GOOGLE_API_URL: webUrl.optional(),
  GOOGLE_AUTH_URL: webUrl.optional(),
  GOOGLE_TOKEN_URL: webUrl.optional(),
  MICROSOFT_CLIENT_ID: z.string().optional(),
  MICROSOFT_CLIENT_SECRET: z.string().optional(),
  MICROSOFT_TENANT: tenant.default("common"),
  MICROSOFT_API_URL: webUrl.optional(),
  MICROSOFT_LOGIN_URL: webUrl.optional(),
  GOOGLE_DAILY_REQUESTS: whole(1, 1_000_000_000).default(1_000_000),
  SYNC_INTERVAL_SECONDS: whole(1, 7 * day).optional(),
  SYNC_WINDOW_PAST_DAYS: whole(0, 3650).default(30),
  SYNC_WINDOW_FUTURE_DAYS: whole(1, 3650).default(365),
  SYNC_WAIT_SECONDS: whole(0, 25).default(10),
  WORKER_CONCURRENCY: whole(1, 200).default(10),
  STALE_AFTER_SECONDS: whole(1, 365 * day).default(3600),
  MAX_RETRIES: whole(0, 20).default(5),
  BASE_DELAY_SECONDS: decimal(0, 60).default(2),
  RATE_LIMITED_DELAY_SECONDS: decimal(0, 3600).default(60),
  MAX_DELAY_SECONDS: decimal(0, day).default(300),
  JITTER_FACTOR: decimal(0, 1).default(0.1),
  RETENTION_DAYS: whole(1, 36_500).default(90),
  AUDIT_RETENTION_DAYS: whole(1, 36_500).default(730),
  PARTITION_IDS: whole(100, 1_000_000_000).default(1_000_000),
  RATE_LIMIT_PER_MINUTE: whole(1, 1_000_000).default(100),
  GRAPHIQL: flag.optional(),
  INTROSPECTION: flag.optional(),
  METRICS_PORT: whole(0, 65_535).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional(),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], { error: "must be a level of pino" })
    .default("info"),
  LOG_PRETTY: flag.optional(),
  DEMO_CALENDARS: pathList.default([]),
  DATA_DIR: z.string().default(".data"),
});
export type Variables = z.infer<typeof variables>;
