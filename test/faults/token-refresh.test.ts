import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { CredentialCipher } from "../../src/connections/credential-cipher.js";
import { loadCredentials } from "../../src/connections/credentials.js";
import { RefreshLease } from "../../src/connections/refresh-lease.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { visitFailpoints, type Failpoint } from "../../src/failpoints.js";
import { googleProvider } from "../../src/providers/google/client.js";
import { ProviderHttp } from "../../src/providers/http.js";
import { microsoftProvider } from "../../src/providers/microsoft/client.js";
import type { CalendarProvider, ProviderName } from "../../src/providers/provider.js";
import { AccessTokens } from "../../src/sync/access-tokens.js";
import { TestApp, until } from "../support/app.js";
import { clientSecret } from "../support/secrets.js";

const users = 50;

let app: TestApp;
let http: ProviderHttp;
const processes: { database: Database; tokens: AccessTokens }[] = [];
let cipher: CredentialCipher;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  http = new ProviderHttp();
  cipher = new CredentialCipher(app.config.credentialKeys);
  for (let index = 0; index < 2; index += 1) {
    const database = await openDatabase(app.installation.database.appUrl, 10);
    processes.push({ database, tokens: new AccessTokens(database.em, cipher) });
  }
});

afterEach(() => {
  visitFailpoints(null);
  jest.restoreAllMocks();
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  for (const { database } of processes) await database.close();
  await http.close();
  await app.stop();
});

function providerOf(name: ProviderName): CalendarProvider {
  const client = { clientId: "client", clientSecret, http };
  return name === "GOOGLE"
    ? googleProvider({ ...client, apiUrl: app.simulator.googleApiUrl, tokenUrl: app.simulator.googleTokenUrl })
    : microsoftProvider({
        ...client,
        apiUrl: app.simulator.microsoftApiUrl,
        loginUrl: app.simulator.microsoftLoginUrl,
        tenant: "common",
      });
}

interface Asked {
  connection: string;
  provider: ProviderName;
  refused?: string | null;
  signal?: AbortSignal;
}

/** One user of a connection's access token, in the first process or the second. */
function ask(process: number, { connection, provider, refused = null, signal }: Asked): Promise<string> {
  const call = { signal: signal ?? new AbortController().signal, onRequest: () => undefined };
  const request = { firmId: "1", connectionId: connection, provider: providerOf(provider), call, refused };
  const [first, second] = processes;
  const asked = process % 2 === 0 ? first : second;
  if (!asked) throw new Error("no process");
  return asked.tokens.get(request);
}

async function expire(connection: string): Promise<void> {
  await app.sql("update calendar_credential set access_token_expires_at = now() where connection_id = $1", [
    connection,
  ]);
}

function refreshesOf(account: string): number {
  return app.simulator.control.requests({ account }).filter(({ method }) => method === "POST").length;
}

function storedRefreshToken(connection: string): Promise<string | undefined> {
  const [first] = processes;
  if (!first) throw new Error("no process");
  return loadCredentials(first.database.em, cipher, "1", connection).then((stored) => stored?.refreshToken);
}

/** A connection whose stored access token has expired. */
async function expired(provider: ProviderName, account: string): Promise<string> {
  const connection = await app.connect(account, "1", provider);
  await ask(0, { connection, provider });
  await expire(connection);
  app.simulator.control.clearRequests();
  return connection;
}

async function refreshesByMany(provider: ProviderName, account: string): Promise<number> {
  const connection = await expired(provider, account);
  app.simulator.control.addFault({ match: { account, method: "POST" }, times: null, then: { delayMs: 500 } });
  const given = await Promise.all(Array.from({ length: users }, (_, user) => ask(user, { connection, provider })));
  return new Set(given).size === 1 ? refreshesOf(account) : Number.POSITIVE_INFINITY;
}

/** As when the process is killed there: what it had in hand is gone, and its lease ends by itself. */
function dieAt(name: Failpoint): void {
  visitFailpoints((visited) => {
    if (visited !== name) return undefined;
    visitFailpoints(null);
    return Promise.reject(new Error(`died at ${name}`));
  });
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("an expired access token of %s", (provider) => {
  beforeAll(() => {
    app.simulator.control.setScenario({ isRotationStrict: true });
  });

  test(`that ${users} users in two processes need is refreshed once, and all get the same one`, async () => {
    expect(await refreshesByMany(provider, `many.${provider}@example.com`)).toBe(1);
  });

  test("is refreshed more than once when nobody has to have the lease", async () => {
    jest.spyOn(RefreshLease.prototype, "take").mockResolvedValue(true);
    const refreshes = refreshesByMany(provider, `planted.${provider}@example.com`).catch(() => Number.NaN);
    expect(await refreshes).not.toBe(1);
  });

  test("that is refused although it is not old is refreshed once too", async () => {
    const account = `refused.${provider}@example.com`;
    const connection = await app.connect(account, "1", provider);
    const refused = await ask(0, { connection, provider });
    app.simulator.control.clearRequests();
    const given = await Promise.all(
      Array.from({ length: users }, (_, user) => ask(user, { connection, provider, refused })),
    );
    expect(new Set(given).size).toBe(1);
    expect(given).not.toContain(refused);
    expect(refreshesOf(account)).toBe(1);
  });

  test("is refreshed although the run that began it ends meanwhile, so that the answer is not lost", async () => {
    const account = `ended.${provider}@example.com`;
    const connection = await expired(provider, account);
    app.simulator.control.addFault({ match: { account, method: "POST" }, then: { delayMs: 500 } });
    const ended = new AbortController();
    const begun = ask(0, { connection, provider, signal: ended.signal });
    await until(() => Promise.resolve(refreshesOf(account) === 1));
    const waiting = ask(1, { connection, provider });
    ended.abort();
    expect(await waiting).toBe(await begun);
    expect(refreshesOf(account)).toBe(1);
  });

  test("keeps its refresh token until the new one is committed, and the next process tries it again", async () => {
    const account = `crash.${provider}@example.com`;
    const connection = await expired(provider, account);
    const before = await storedRefreshToken(connection);
    for (const place of ["token.before-asking", "token.in-transaction"] as const) {
      app.simulator.control.setScenario({}); // one that still takes the old token
      dieAt(place);
      await expect(ask(0, { connection, provider })).rejects.toThrow("died at");
      expect(await storedRefreshToken(connection)).toBe(before);
    }
    expect(await ask(1, { connection, provider })).toMatch(/./);
    dieAt("token.committed");
    await expire(connection);
    await expect(ask(0, { connection, provider })).rejects.toThrow("died at");
    app.simulator.control.clearRequests();
    expect(await ask(1, { connection, provider })).toMatch(/./); // what was committed is used
    expect(refreshesOf(account)).toBe(0);
    app.simulator.control.setScenario({ isRotationStrict: true });
  });
});
