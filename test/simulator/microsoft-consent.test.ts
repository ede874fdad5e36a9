import { ConfidentialClientApplication, CryptoProvider, ServerError } from "@azure/msal-node";
import type { AuthorizationCodeRequest, AuthorizationUrlRequest, INetworkModule } from "@azure/msal-node";
import { describe, expect, test } from "@jest/globals";
import { createLocalJWKSet, jwtVerify } from "jose";
import type { JSONWebKeySet } from "jose";
import type { Simulator, SimulatorOptions } from "../../src/simulator/simulator.js";
import { answerConsent, postedAnswer, sendAnswer, textOf } from "./consent-form.js";
import type { UsersAnswer } from "./consent-form.js";
import { bob, givenSimulator, present } from "./given.js";
import { LoginNetwork } from "./login-network.js";

const redirectUri = "http://127.0.0.1:4999/callback";
const scopes = ["Calendars.Read", "User.Read", "offline_access"];
const registered = [{ clientId: "app", clientSecret: "secret", redirectUris: [redirectUri], name: "Calendar Sync" }];
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;

async function givenBobs(options: SimulatorOptions = { oauthClients: registered }) {
  const simulator = await givenSimulator(options);
  simulator.control.addAccount(bob, { provider: "microsoft", name: "Bob" });
  return { simulator, client: clientFor(simulator) };
}

/** The official client; the authority is the real one, its addresses are the simulator's. */
function clientFor(
  { microsoftLoginUrl: login }: Simulator,
  clientId = "app",
  networkClient: INetworkModule = new LoginNetwork(),
) {
  const authorityMetadata = JSON.stringify({
    authorization_endpoint: `${login}/common/oauth2/v2.0/authorize`,
    token_endpoint: `${login}/common/oauth2/v2.0/token`,
    issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
    jwks_uri: `${login}/common/discovery/v2.0/keys`,
  });
  const authority = "https://login.microsoftonline.com/common";
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret: "secret", authority, authorityMetadata },
    system: { networkClient, disableInternalRetries: true },
  });
}

async function pageUrl(
  client: ConfidentialClientApplication,
  options: Partial<AuthorizationUrlRequest> = {},
): Promise<string> {
  return client.getAuthCodeUrl({ scopes, redirectUri, state: "S/1", responseMode: "query", ...options });
}

/** The callback's parameters after the user's answer. */
async function consented(
  client: ConfidentialClientApplication,
  options: Partial<AuthorizationUrlRequest> = {},
  answer: UsersAnswer = {},
) {
  return (await answerConsent(await pageUrl(client, options), { account: bob, ...answer })).searchParams;
}

async function codeFor(
  client: ConfidentialClientApplication,
  options: Partial<AuthorizationUrlRequest> = {},
): Promise<string> {
  return (await consented(client, options)).get("code") ?? "";
}

function exchanged(
  client: ConfidentialClientApplication,
  request: Partial<AuthorizationCodeRequest> & { code: string },
) {
  return client.acquireTokenByCode({ scopes, redirectUri, ...request });
}

/** What an exchange that has to fail is refused with. */
async function refusalOf(exchange: Promise<unknown>): Promise<[string, number]> {
  const error: unknown = await exchange.then(
    () => new Error("The exchange was expected to fail"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServerError)) throw error;
  return [error.errorCode, Number(error.errorNo)];
}

/** MSAL keeps refresh tokens to itself, but its cache can be written down. */
function refreshTokenOf(client: ConfidentialClientApplication): string | undefined {
  const cache = JSON.parse(client.getTokenCache().serialize()) as { RefreshToken: Record<string, { secret: string }> };
  return Object.values(cache.RefreshToken)[0]?.secret;
}

async function json<T = Record<string, unknown>>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

describe("Microsoft's consent", () => {
  test("leads the official client from the page to tokens, with PKCE, a nonce and an identity", async () => {
    const { simulator } = await givenBobs();
    const network = new LoginNetwork();
    const client = clientFor(simulator, "app", network);
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const proof = { codeChallenge: challenge, codeChallengeMethod: "S256" };
    const parameters = await consented(client, { ...proof, nonce: "N1", loginHint: bob });
    expect(parameters.get("state")).toBe("S/1");
    expect(parameters.get("session_state")).toMatch(guid);
    const code = parameters.get("code") ?? "";
    const result = await exchanged(client, { code, codeVerifier: verifier, nonce: "N1" });
    expect(result.scopes.sort()).toEqual(["Calendars.Read", "User.Read", "openid", "profile"]);
    expect(result.account).toMatchObject({ username: bob, name: "Bob" });
    const { uid, utid } = JSON.parse(
      Buffer.from(parameters.get("client_info") ?? "", "base64url").toString(),
    ) as Record<string, string>;
    expect(result.account?.homeAccountId).toBe(`${uid}.${utid}`);
    expect([uid, utid]).toEqual([expect.stringMatching(guid), expect.stringMatching(guid)]);
    const headers = { authorization: `Bearer ${result.accessToken}` };
    expect((await fetch(`${simulator.microsoftApiUrl}/me/calendars`, { headers })).status).toBe(200);
    expect(network.requests).toEqual(["POST /ms/common/oauth2/v2.0/token"]);
    const again = await client.acquireTokenByRefreshToken({ refreshToken: refreshTokenOf(client) ?? "", scopes });
    expect(again?.account?.homeAccountId).toBe(`${uid}.${utid}`);
  });

  test("gives the official client no token that it takes for another nonce", async () => {
    const { client } = await givenBobs();
    const code = await codeFor(client, { nonce: "N1" });
    await expect(exchanged(client, { code, nonce: "N2" })).rejects.toMatchObject({ errorCode: "nonce_mismatch" });
  });

  test("can be found by the official client through discovery alone", async () => {
    const { simulator } = await givenBobs();
    const host = new URL(simulator.url).host;
    const network = new LoginNetwork((url) =>
      url
        .replace(`https://${host}/`, `http://${host}/`)
        .replace("https://login.microsoftonline.com/", `${simulator.microsoftLoginUrl}/`),
    );
    const client = new ConfidentialClientApplication({
      auth: { clientId: "app", clientSecret: "secret", authority: `https://${host}/ms/firm.example` },
      system: { networkClient: network },
    });
    expect(await exchanged(client, { code: await codeFor(client) })).toMatchObject({ account: { username: bob } });
    expect(network.requests).toEqual([
      "GET /common/discovery/instance",
      "GET /ms/firm.example/v2.0/.well-known/openid-configuration",
      "POST /ms/firm.example/oauth2/v2.0/token",
    ]);
  });

  test("signs its identity tokens with the key that its discovery document leads to", async () => {
    const { simulator, client } = await givenBobs();
    const { idToken } = await exchanged(client, {
      code: await codeFor(client, { scopes: [...scopes, "email"], nonce: "N1" }),
      nonce: "N1",
    });
    const document = await json(`${simulator.microsoftLoginUrl}/common/v2.0/.well-known/openid-configuration`);
    const keys = await json<JSONWebKeySet>(String(document["jwks_uri"]));
    const { payload } = await jwtVerify(idToken, createLocalJWKSet(keys), {
      audience: "app",
      currentDate: new Date(present),
    });
    expect(payload.iss).toBe(String(document["issuer"]).replace("{tenantid}", String(payload["tid"])));
    expect(payload).toMatchObject({ preferred_username: bob, email: bob, name: "Bob", nonce: "N1", ver: "2.0" });
  });

  test("shows the application, the accounts of Microsoft with the hinted one chosen, and what is asked for", async () => {
    const { simulator, client } = await givenBobs();
    simulator.control.addAccount("eve@firm.example", { provider: "microsoft", name: "Eve" });
    simulator.control.addAccount("gil@example.com");
    const page = await (await fetch(await pageUrl(client, { loginHint: "EVE@firm.example" }))).text();
    expect(textOf(page)).toMatch(
      /Calendar Sync wants access.*Bob bob@example.org Eve eve@firm.example.*Read your calendars Calendars.Read/,
    );
    expect(page).not.toMatch(/gil@example.com|<script|checkbox" name="scope/);
    expect([...page.matchAll(/value="([^"]*)" required checked/g)].map(([, email]) => email)).toEqual([
      "eve@firm.example",
    ]);
    const narrowed = await (await fetch(await pageUrl(client, { domainHint: "firm.example" }))).text();
    expect([narrowed.includes("eve@"), narrowed.includes("bob@")]).toEqual([true, false]);
  });

  test("tells the application of a refusal, with its state", async () => {
    const { client } = await givenBobs();
    const parameters = Object.fromEntries(await consented(client, {}, { decision: "deny" }));
    expect(parameters).toMatchObject({ error: "access_denied", error_subcode: "cancel", state: "S/1" });
    expect(parameters["error_description"]).toMatch(
      /^AADSTS65004: User declined to consent to access the app\. Trace ID: /,
    );
  });

  test.each(["allow", "deny"] as const)(
    "posts the answer as a form where the application asks for that: %s",
    async (decision) => {
      const { client } = await givenBobs();
      const response = await sendAnswer(await pageUrl(client, { responseMode: "form_post" }), {
        account: bob,
        decision,
      });
      const { action, fields } = postedAnswer(await response.text());
      expect([response.status, action, fields["state"]]).toEqual([200, redirectUri, "S/1"]);
      if (decision === "deny") expect(fields).toMatchObject({ error: "access_denied", error_subcode: "cancel" });
      else expect((await exchanged(client, { code: fields["code"] ?? "" })).account?.username).toBe(bob);
    },
  );

  test("puts the answer into the fragment where the application asks for that", async () => {
    const { client } = await givenBobs();
    const url = await answerConsent(await pageUrl(client, { responseMode: "fragment" }), { account: bob });
    expect([url.search, new URLSearchParams(url.hash.slice(1)).get("state")]).toEqual(["", "S/1"]);
  });

  test("gives a refresh token only where offline access is among the scopes", async () => {
    const { simulator } = await givenBobs();
    const url = new URL(await pageUrl(clientFor(simulator)));
    url.searchParams.set("scope", "openid Calendars.Read");
    const code = (await answerConsent(url, { account: bob })).searchParams.get("code") ?? "";
    const form = {
      client_id: "app",
      client_secret: "secret",
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
    };
    const response = await fetch(`${simulator.microsoftLoginUrl}/common/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual(expect.arrayContaining(["access_token", "id_token"]));
    expect(answer).not.toHaveProperty("refresh_token");
    expect(answer).not.toHaveProperty("client_info");
    const offline = clientFor(simulator);
    await exchanged(offline, { code: await codeFor(offline) });
    expect(refreshTokenOf(offline)).toBeDefined();
  });

  test("has to be given anew after the user took the access back, and what was given before stays dead", async () => {
    const { simulator, client } = await givenBobs();
    await exchanged(client, { code: await codeFor(client) });
    const first = refreshTokenOf(client) ?? "";
    simulator.control.setRevoked(bob, true);
    expect(await silent(client, { loginHint: bob })).toMatchObject({ error: "interaction_required" });
    await exchanged(client, { code: await codeFor(client) });
    const other = clientFor(simulator);
    expect(await refusalOf(other.acquireTokenByRefreshToken({ refreshToken: first, scopes }))).toEqual([
      "invalid_grant",
      70000,
    ]);
    expect(
      await other.acquireTokenByRefreshToken({ refreshToken: refreshTokenOf(client) ?? "", scopes }),
    ).toHaveProperty("accessToken");
  });

  test("is not asked for where the application forbids it: allowed before means yes", async () => {
    const { client } = await givenBobs();
    expect(await silent(client)).toMatchObject({ error: "login_required", state: "S/1" });
    expect(await silent(client, { loginHint: bob })).toMatchObject({ error: "interaction_required" });
    await consented(client);
    expect(await silent(client, { loginHint: bob })).toHaveProperty("code");
  });

  test("takes an application on the user's own machine at any port", async () => {
    const local = [{ clientId: "app", clientSecret: "secret", redirectUris: ["http://localhost/callback"] }];
    const { client } = await givenBobs({ oauthClients: local });
    const url = await answerConsent(await pageUrl(client, { redirectUri: "http://localhost:4711/callback" }), {
      account: bob,
    });
    expect(url.host).toBe("localhost:4711");
  });
});

async function silent(client: ConfidentialClientApplication, options: Partial<AuthorizationUrlRequest> = {}) {
  const response = await fetch(await pageUrl(client, { prompt: "none", ...options }), { redirect: "manual" });
  return Object.fromEntries(new URL(response.headers.get("location") ?? "").searchParams);
}

/** A well-formed request with one parameter changed, or left out. */
async function changed(client: ConfidentialClientApplication, name: string, value: string | null): Promise<URL> {
  const url = new URL(await pageUrl(client));
  if (value === null) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url;
}

describe("a request that Microsoft shows to the user as wrong, and never sends anywhere", () => {
  test.each([
    ["client_id", null, 900144],
    ["client_id", "other", 700016],
    ["redirect_uri", null, 900144],
    ["redirect_uri", "http://evil.invalid/", 50011],
    ["redirect_uri", `${redirectUri}/more`, 50011],
  ])("%s %p: AADSTS%i", async (name, value, number) => {
    const { client } = await givenBobs();
    for (const method of ["GET", "POST"]) {
      const response = await fetch(await changed(client, name, value), { method, redirect: "manual" });
      expect([response.status, response.headers.get("location")]).toEqual([400, null]);
      expect(textOf(await response.text())).toContain(`AADSTS${number}: `);
    }
  });
});

describe("a request that Microsoft tells the application is wrong", () => {
  test.each([
    ["response_type", null, "invalid_request", 900144],
    ["response_type", "token", "unsupported_response_type", 700054],
    ["response_mode", "pigeon", "invalid_request", 70007],
    ["scope", null, "invalid_request", 900144],
    ["scope", "openid not-a-scope", "invalid_scope", 70011],
    ["prompt", "loudly", "invalid_request", 90023],
    ["prompt", "none login", "invalid_request", 90023],
    ["code_challenge_method", "S1", "invalid_request", 50149],
    ["code_challenge", "short", "invalid_request", 501491],
  ])("%s %p: %s, AADSTS%i", async (name, value, error, number) => {
    const { client } = await givenBobs();
    const response = await fetch(await changed(client, name, value), { redirect: "manual" });
    const url = new URL(response.headers.get("location") ?? "");
    expect([response.status, url.origin + url.pathname]).toEqual([302, redirectUri]);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ error, state: "S/1" });
    expect(url.searchParams.get("error_description")).toMatch(new RegExp(`^AADSTS${number}: `));
  });
});

describe("an exchange of a code that Microsoft refuses", () => {
  const codeVerifier = "v".repeat(43);
  const plain = { codeChallenge: codeVerifier, codeChallengeMethod: "plain" };

  test("without the verifier, with another one, or with one that nobody asked for", async () => {
    const { client } = await givenBobs();
    const hashed = { ...plain, codeChallengeMethod: "S256" };
    expect(await refusalOf(exchanged(client, { code: await codeFor(client, hashed) }))).toEqual([
      "invalid_grant",
      50148,
    ]);
    expect(await refusalOf(exchanged(client, { code: await codeFor(client, hashed), codeVerifier }))).toEqual([
      "invalid_grant",
      501481,
    ]);
    expect(await refusalOf(exchanged(client, { code: await codeFor(client), codeVerifier }))).toEqual([
      "invalid_grant",
      501481,
    ]);
    expect(await exchanged(client, { code: await codeFor(client, plain), codeVerifier })).toHaveProperty("accessToken");
  });

  test("the second time, after ten minutes, and for what is no code", async () => {
    const { simulator, client } = await givenBobs();
    const code = await codeFor(client);
    await exchanged(client, { code });
    expect(await refusalOf(exchanged(client, { code }))).toEqual(["invalid_grant", 54005]);
    const late = await codeFor(client);
    simulator.control.advanceClock(600_000);
    expect(await refusalOf(exchanged(client, { code: late }))).toEqual(["invalid_grant", 70008]);
    const inTime = await codeFor(client);
    simulator.control.advanceClock(599_999);
    expect(await exchanged(client, { code: inTime })).toHaveProperty("accessToken");
    expect(await refusalOf(exchanged(client, { code: "nonsense" }))).toEqual(["invalid_grant", 70000]);
  });

  test("from another application, for another address, and for scopes that were not granted", async () => {
    const { simulator, client } = await givenBobs({
      oauthClients: [...registered, { clientId: "other", clientSecret: "secret" }],
    });
    const other = clientFor(simulator, "other");
    expect(await refusalOf(exchanged(other, { code: await codeFor(client) }))).toEqual(["invalid_grant", 70000]);
    const elsewhere = { code: await codeFor(client), redirectUri: "http://127.0.0.1:5000/" };
    expect(await refusalOf(exchanged(client, elsewhere))).toEqual(["invalid_grant", 500112]);
    await exchanged(client, { code: await codeFor(client) });
    const refreshToken = refreshTokenOf(client) ?? "";
    expect(await refusalOf(other.acquireTokenByRefreshToken({ refreshToken, scopes }))).toEqual([
      "invalid_grant",
      70000,
    ]);
    const more = { code: await codeFor(client), scopes: [...scopes, "Mail.Read"] };
    await expect(exchanged(client, more)).rejects.toMatchObject({
      errorCode: "invalid_grant",
      subError: "consent_required",
    });
  });
});
