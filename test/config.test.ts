import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ConfigError, readConfig } from "../src/config.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "config-test-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const secret = "a secret of the tests, 32 bytes or more";
const keys = `1:${Buffer.alloc(32, 7).toString("base64")}`;
const real = {
  DATABASE_URL: "postgres://app:p@db/calendar",
  DATABASE_SYSTEM_URL: "postgres://system:p@db/calendar",
  GOOGLE_CLIENT_ID: "client",
  GOOGLE_CLIENT_SECRET: "client-secret",
  JWT_SECRET: secret,
  CREDENTIALS_KEYS: keys,
};

function realWithout(...names: (keyof typeof real)[]): Record<string, string> {
  return Object.fromEntries(Object.entries(real).filter(([name]) => !names.some((one) => one === name)));
}

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig({ DATA_DIR: folder, ...environment });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe("with nothing configured", () => {
  test("the server is a demonstration on loopback with GraphiQL, quick pulls and the retry policy's numbers", () => {
    const config = readConfig({ DATA_DIR: folder });
    expect(config).toMatchObject({
      isDemo: true,
      database: { logins: null, poolSize: 10, migrateOnStart: true },
      http: { host: "127.0.0.1", port: 4000 },
      graphql: { graphiql: true, introspection: true },
      sync: {
        intervalSeconds: 20,
        googleDailyRequests: 1_000_000,
        windowPastDays: 30,
        windowFutureDays: 365,
        waitSeconds: 10,
        workerConcurrency: 10,
        staleAfterSeconds: 3600,
      },
      retry: {
        maxRetries: 5,
        baseDelaySeconds: 2,
        rateLimitedDelaySeconds: 60,
        maxDelaySeconds: 300,
        jitterFactor: 0.1,
      },
      jwt: { jwksUrl: null, issuer: null, audience: null },
    });
    expect([...config.roles]).toEqual(["api", "worker", "scheduler"]);
  });

  test("its secrets are made once, and only their owner may read them", () => {
    const first = readConfig({ DATA_DIR: folder });
    expect(readConfig({ DATA_DIR: folder }).jwt.secrets).toEqual(first.jwt.secrets);
    expect([...first.credentialKeys.keys()]).toEqual([1]);
    for (const file of ["jwt-secret", "credentials-keys"])
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  });

  test("production refuses it and says everything that is missing", () => {
    expect(faultsOf({ NODE_ENV: "production" }).map((line) => line.split(":")[0])).toEqual([
      "DATABASE_URL",
      "CREDENTIALS_KEYS",
      "GOOGLE_CLIENT_ID",
      "JWT_SECRET",
    ]);
  });
});

describe("with a real database and provider", () => {
  test("it listens on every address, and shows neither GraphiQL nor the schema", () => {
    expect(readConfig({ ...real, NODE_ENV: "production" })).toMatchObject({
      isDemo: false,
      database: {
        logins: { appUrl: real.DATABASE_URL, systemUrl: real.DATABASE_SYSTEM_URL, ownerUrl: null },
        migrateOnStart: false,
      },
      http: { host: "0.0.0.0" },
      graphql: { graphiql: false, introspection: false },
      google: { client: { id: "client", secret: "client-secret" }, apiUrl: null, authUrl: null, tokenUrl: null },
      sync: { intervalSeconds: 300 },
      jwt: { secrets: [secret] },
    });
  });

  test("no secret is made up", () => {
    expect(faultsOf(realWithout("JWT_SECRET", "CREDENTIALS_KEYS")).map((line) => line.split(":")[0])).toEqual([
      "CREDENTIALS_KEYS",
      "JWT_SECRET",
    ]);
  });

  test("secrets are read from files as well, but not from both places", () => {
    const file = join(folder, "jwt.txt");
    writeFileSync(file, `${secret}\n`);
    const others = realWithout("JWT_SECRET");
    expect(readConfig({ ...others, JWT_SECRET_FILE: file }).jwt.secrets).toEqual([secret]);
    expect(faultsOf({ ...real, JWT_SECRET_FILE: file })).toEqual([
      "JWT_SECRET: is set beside JWT_SECRET_FILE; set one of them",
    ]);
    expect(faultsOf({ ...others, JWT_SECRET_FILE: join(folder, "none") })).toContain(
      "JWT_SECRET_FILE: the file cannot be read",
    );
  });

  test("tokens are verified in exactly one way", () => {
    expect(faultsOf({ ...real, JWT_JWKS_URL: "https://id.example.test/keys" })).toEqual([
      "JWT_JWKS_URL: is set beside JWT_SECRET; set one of them",
    ]);
    const others = realWithout("JWT_SECRET");
    expect(readConfig({ ...others, JWT_JWKS_URL: "https://id.example.test/keys" }).jwt).toMatchObject({
      secrets: [],
      jwksUrl: "https://id.example.test/keys",
    });
  });
});

describe("faults", () => {
  test("are all told at once, each with its variable", () => {
    const faults = faultsOf({
      ...real,
      PORT: "70000",
      ROLES: "api,cook",
      MAX_RETRIES: "-1",
      JITTER_FACTOR: "1.5",
      SYNC_WAIT_SECONDS: "26",
      LOG_LEVEL: "loud",
      GRAPHIQL: "maybe",
      GOOGLE_API_URL: "ftp://example.test",
      JWT_SECRET: "short",
      CREDENTIALS_KEYS: "1:short",
    });
    expect(faults.map((line) => line.split(":")[0]).sort()).toEqual([
      "CREDENTIALS_KEYS",
      "GOOGLE_API_URL",
      "GRAPHIQL",
      "JITTER_FACTOR",
      "JWT_SECRET",
      "LOG_LEVEL",
      "MAX_RETRIES",
      "PORT",
      "ROLES",
      "SYNC_WAIT_SECONDS",
    ]);
  });

  test("never repeat a secret", () => {
    const faults = faultsOf({
      DATABASE_URL: "mysql://root:hunter2@db",
      JWT_SECRET: "hunter2",
      CREDENTIALS_KEYS: "1:hunter2",
      GOOGLE_CLIENT_SECRET: "hunter2",
    });
    expect(faults.length).toBeGreaterThan(3);
    expect(faults.join("\n")).not.toContain("hunter2");
  });

  test("an empty variable is an absent one", () => {
    expect(readConfig({ DATA_DIR: folder, DATABASE_URL: "", PORT: "" })).toMatchObject({
      isDemo: true,
      http: { port: 4000 },
    });
  });
});

describe("the Microsoft application", () => {
  const application = { MICROSOFT_CLIENT_ID: "application", MICROSOFT_CLIENT_SECRET: "its secret" };
  const withoutGoogle = realWithout("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET");
  const microsoftOf = (environment: Record<string, string>) =>
    readConfig({ DATA_DIR: folder, ...withoutGoogle, ...environment }).microsoft;

  test("is absent without a client id", () => {
    expect(microsoftOf({})).toEqual({ client: null, tenant: "common", apiUrl: null, loginUrl: null });
  });

  test("takes accounts of any tenant unless one is named", () => {
    const client = { id: "application", secret: "its secret" };
    expect(microsoftOf(application)).toEqual({ client, tenant: "common", apiUrl: null, loginUrl: null });
    expect(microsoftOf({ ...application, MICROSOFT_TENANT: "firm.example" }).tenant).toBe("firm.example");
  });

  test("may be asked elsewhere, as in a national cloud", () => {
    const addresses = {
      MICROSOFT_API_URL: "https://graph.microsoft.us/",
      MICROSOFT_LOGIN_URL: "https://login.microsoftonline.us",
    };
    expect(microsoftOf({ ...application, ...addresses })).toMatchObject({
      apiUrl: "https://graph.microsoft.us",
      loginUrl: "https://login.microsoftonline.us",
    });
  });

  test("has a secret that may be in a file", () => {
    const path = join(folder, "microsoft-secret");
    writeFileSync(path, "from a file\n");
    const inFile = { MICROSOFT_CLIENT_ID: "application", MICROSOFT_CLIENT_SECRET_FILE: path };
    expect(microsoftOf(inFile).client).toEqual({ id: "application", secret: "from a file" });
  });

  test("is refused with one half alone, with a tenant that is none and with addresses that are none", () => {
    const { MICROSOFT_CLIENT_ID, MICROSOFT_CLIENT_SECRET } = application;
    expect(faultsOf({ ...real, MICROSOFT_CLIENT_ID })).toEqual([
      "MICROSOFT_CLIENT_SECRET: is missing (MICROSOFT_CLIENT_ID is set)",
    ]);
    expect(faultsOf({ ...real, MICROSOFT_CLIENT_SECRET })).toEqual([
      "MICROSOFT_CLIENT_ID: is missing (MICROSOFT_CLIENT_SECRET is set)",
    ]);
    const wrong = { MICROSOFT_TENANT: "../other", MICROSOFT_API_URL: "graph", MICROSOFT_LOGIN_URL: "ftp://login" };
    const faults = faultsOf({ ...real, ...application, ...wrong });
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(Object.keys(wrong));
  });

  test("is enough for production, and alone enough to end the demo", () => {
    expect(faultsOf({ ...withoutGoogle, ...application, NODE_ENV: "production" })).toEqual([]);
    expect(readConfig({ DATA_DIR: folder, ...withoutGoogle, ...application }).isDemo).toBe(false);
    const missing = faultsOf({ MICROSOFT_CLIENT_ID: "application" }).map((fault) => fault.split(":")[0]);
    expect(missing).toEqual(["CREDENTIALS_KEYS", "MICROSOFT_CLIENT_SECRET", "JWT_SECRET"]);
  });
});

describe("how clients reach the server", () => {
  const webOf = (environment: Record<string, string>) => readConfig({ DATA_DIR: folder, ...environment }).web;

  test("is told by nobody, and pages of no origin may ask, unless it is set", () => {
    expect(webOf({})).toEqual({ publicUrl: null, trustProxy: false, corsOrigins: [] });
  });

  test.each([
    ["https://calendar.example.test/", "https://calendar.example.test"],
    ["http://localhost:4000", "http://localhost:4000"],
    ["https://example.test/calendar/", "https://example.test/calendar"],
  ])("PUBLIC_URL %s is %s, its path kept", (text, publicUrl) => {
    expect(webOf({ PUBLIC_URL: text }).publicUrl).toBe(publicUrl);
  });

  test.each([
    "calendar.example.test",
    "ftp://example.test",
    "https://example.test/?a=1",
    "https://example.test/?",
    "https://example.test/#a",
    "https://user:hunter2@example.test",
    "https://example.test/a b",
    "https://",
  ])("PUBLIC_URL %s is refused", (text) => {
    expect(faultsOf({ PUBLIC_URL: text })).toEqual([expect.stringMatching(/^PUBLIC_URL: must /)]);
    expect(faultsOf({ PUBLIC_URL: text }).join()).not.toContain("hunter2");
  });

  test.each<[string, boolean | number | string[]]>([
    ["true", true],
    ["false", false],
    ["2", 2],
    ["10.0.0.1", ["10.0.0.1"]],
    ["loopback, 10.0.0.0/8,fd00::/8", ["loopback", "10.0.0.0/8", "fd00::/8"]],
  ])("TRUST_PROXY %s is %j", (text, trustProxy) => {
    expect(webOf({ TRUST_PROXY: text }).trustProxy).toEqual(trustProxy);
  });

  test.each(["yes", "-1", "1.5", "proxy.example.test", "10.0.0.0/33", "10.0.0.0/", "fd00::/129", "10.0.0.1,", "1/2/3"])(
    "TRUST_PROXY %s is refused",
    (text) => {
      expect(faultsOf({ TRUST_PROXY: text })).toEqual([
        "TRUST_PROXY: must be true, false, a number of hops, or a comma-separated list of addresses and subnets",
      ]);
    },
  );

  test("CORS_ORIGINS are origins, and nothing but", () => {
    const origins = ["https://admin.example.test", "http://localhost:3000"];
    expect(webOf({ CORS_ORIGINS: origins.join(" , ") }).corsOrigins).toEqual(origins);
    for (const text of [
      "*",
      "admin.example.test",
      "https://a.test/",
      "https://a.test/path",
      "https://A.test",
      "null",
    ]) {
      expect(faultsOf({ CORS_ORIGINS: text })).toEqual([
        "CORS_ORIGINS: must be a comma-separated list of origins such as https://host",
      ]);
    }
  });
});
