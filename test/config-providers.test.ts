import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, readConfig, type Config } from "../src/config.js";

let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-config-"));
});

afterAll(async () => {
  await rm(dataDir, { recursive: true });
});

const secrets = {
  JWT_SECRET: "a secret that is long enough for HS256",
  CREDENTIALS_KEYS: `1:${Buffer.alloc(32, 7).toString("base64")}`,
};
/** What a server with real calendars needs besides its provider. */
const real = {
  ...secrets,
  DATABASE_URL: "postgres://app@localhost/calendar_sync",
  DATABASE_SYSTEM_URL: "postgres://system@localhost/calendar_sync",
};
const microsoft = { MICROSOFT_CLIENT_ID: "application", MICROSOFT_CLIENT_SECRET: "its secret" };
const google = { GOOGLE_CLIENT_ID: "application", GOOGLE_CLIENT_SECRET: "its secret" };

function read(environment: Record<string, string>): Config {
  return readConfig({ DATA_DIR: dataDir, ...environment });
}

function faults(environment: Record<string, string>): readonly string[] {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe("the Microsoft application", () => {
  test("is absent without a client id, so that only simulated calendars can be connected", () => {
    expect(read(secrets).microsoft).toEqual({ client: null, tenant: "common", apiUrl: null, loginUrl: null });
  });

  test("takes accounts of any tenant unless one is named", () => {
    expect(read({ ...real, ...microsoft }).microsoft).toEqual({
      client: { id: "application", secret: "its secret" },
      tenant: "common",
      apiUrl: null,
      loginUrl: null,
    });
    expect(read({ ...real, ...microsoft, MICROSOFT_TENANT: "firm.example" }).microsoft.tenant).toBe("firm.example");
  });

  test("may answer elsewhere, as in a national cloud", () => {
    const { apiUrl, loginUrl } = read({
      ...real,
      ...microsoft,
      MICROSOFT_API_URL: "https://graph.microsoft.us/",
      MICROSOFT_LOGIN_URL: "https://login.microsoftonline.us",
    }).microsoft;
    expect({ apiUrl, loginUrl }).toEqual({
      apiUrl: "https://graph.microsoft.us",
      loginUrl: "https://login.microsoftonline.us",
    });
  });

  test("has a secret that may be in a file", async () => {
    const path = join(dataDir, "microsoft-secret");
    await writeFile(path, "from a file\n");
    const environment = { ...real, MICROSOFT_CLIENT_ID: "application", MICROSOFT_CLIENT_SECRET_FILE: path };
    expect(read(environment).microsoft.client).toEqual({ id: "application", secret: "from a file" });
  });

  test("is refused with one half alone, with a tenant that is none and with addresses that are none", () => {
    const { MICROSOFT_CLIENT_ID, MICROSOFT_CLIENT_SECRET } = microsoft;
    expect(faults({ ...real, MICROSOFT_CLIENT_ID })).toEqual([
      "MICROSOFT_CLIENT_SECRET: is missing (MICROSOFT_CLIENT_ID is set)",
    ]);
    expect(faults({ ...real, MICROSOFT_CLIENT_SECRET })).toEqual([
      "MICROSOFT_CLIENT_ID: is missing (MICROSOFT_CLIENT_SECRET is set)",
    ]);
    const wrong = { MICROSOFT_TENANT: "../other", MICROSOFT_API_URL: "graph", MICROSOFT_LOGIN_URL: "ftp://login" };
    expect(faults({ ...real, ...microsoft, ...wrong }).map((fault) => fault.split(":")[0])).toEqual(Object.keys(wrong));
  });
});

describe("demo mode", () => {
  test("is on when neither a database nor a provider's application is named", () => {
    expect(read(secrets).isDemo).toBe(true);
    expect(read({ ...real, ...microsoft }).isDemo).toBe(false);
    expect(read({ ...real, ...google }).isDemo).toBe(false);
  });

  test.each([["MICROSOFT_CLIENT_ID"], ["GOOGLE_CLIENT_ID"]])(
    "is off with %s alone: then no secret is made up",
    (name) => {
      const missing = faults({ [name]: "application" }).map((fault) => fault.split(":")[0]);
      expect(missing).toEqual(["CREDENTIALS_KEYS", name.replace("_ID", "_SECRET"), "JWT_SECRET"]);
    },
  );

  test("is refused in production, which needs a database and either provider", () => {
    const production = { NODE_ENV: "production" };
    expect(faults(production)).toEqual([
      "DATABASE_URL: is missing (NODE_ENV=production needs a real database)",
      "CREDENTIALS_KEYS: is missing (stored provider tokens are encrypted with them)",
      "GOOGLE_CLIENT_ID: is missing (NODE_ENV=production needs a provider: it or MICROSOFT_CLIENT_ID)",
      "JWT_SECRET: is missing (it or JWT_JWKS_URL says how tokens are verified)",
    ]);
    for (const provider of [google, microsoft]) expect(faults({ ...production, ...real, ...provider })).toEqual([]);
  });
});
