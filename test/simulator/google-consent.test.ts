import { describe, expect, test } from "@jest/globals";
import { CodeChallengeMethod, OAuth2Client } from "google-auth-library";
import type { GenerateAuthUrlOpts, GetTokenOptions } from "google-auth-library";
import { createLocalJWKSet, jwtVerify } from "jose";
import type { JSONWebKeySet } from "jose";
import type { Simulator, SimulatorOptions } from "../../src/simulator/simulator.js";
import { answerConsent, sendAnswer, textOf } from "./consent-form.js";
import type { UsersAnswer } from "./consent-form.js";
import { ann, givenSimulator, present } from "./given.js";
import { refusalOf } from "./google-client.js";

const redirectUri = "http://127.0.0.1:4999/callback";
const events = "https://www.googleapis.com/auth/calendar.events.readonly";
const list = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const registered = [{ clientId: "app", clientSecret: "secret", redirectUris: [redirectUri], name: "Calendar Sync" }];

async function givenClient(options: SimulatorOptions = { oauthClients: registered }) {
  const simulator = await givenSimulator(options);
  simulator.control.addAccount(ann, { name: "Ann" });
  const client = clientFor(simulator);
  return { simulator, client };
}

function clientFor(simulator: Simulator, clientId = "app"): OAuth2Client {
  const endpoints = {
    oauth2AuthBaseUrl: simulator.googleAuthUrl,
    oauth2TokenUrl: simulator.googleTokenUrl,
    oauth2RevokeUrl: simulator.googleRevokeUrl,
  };
  return new OAuth2Client({ clientId, clientSecret: "secret", redirectUri, endpoints });
}

const asked: GenerateAuthUrlOpts = { access_type: "offline", scope: [events, list], state: "S/1" };

/** The callback's parameters after the user's answer. */
async function consented(client: OAuth2Client, options: GenerateAuthUrlOpts = asked, answer: UsersAnswer = {}) {
  return (await answerConsent(client.generateAuthUrl(options), { account: ann, ...answer })).searchParams;
}

async function tokensFor(client: OAuth2Client, options: GenerateAuthUrlOpts = asked, answer: UsersAnswer = {}) {
  return exchanged(client, { code: (await consented(client, options, answer)).get("code") ?? "" });
}

async function exchanged(client: OAuth2Client, options: GetTokenOptions) {
  return (await client.getToken(options)).tokens;
}

function exchangeRefusal(client: OAuth2Client, options: GetTokenOptions) {
  return refusalOf(client.getToken(options));
}

describe("Google's consent", () => {
  test("leads the official client from the page to tokens, with PKCE and an identity", async () => {
    const { simulator, client } = await givenClient();
    const { codeVerifier, codeChallenge } = await client.generateCodeVerifierAsync();
    const parameters = await consented(client, {
      ...asked,
      scope: ["openid", "email", events],
      nonce: "N1",
      login_hint: ann,
      code_challenge_method: CodeChallengeMethod.S256,
      ...(codeChallenge === undefined ? {} : { code_challenge: codeChallenge }),
    });
    const scope = `openid https://www.googleapis.com/auth/userinfo.email ${events}`;
    expect(Object.fromEntries(parameters)).toMatchObject({
      ...{ state: "S/1", iss: "https://accounts.google.com", scope, authuser: "0", prompt: "consent" },
    });
    const tokens = await exchanged(client, { code: parameters.get("code") ?? "", codeVerifier });
    expect(tokens).toMatchObject({ scope, token_type: "Bearer" });
    const headers = { authorization: `Bearer ${tokens.access_token ?? ""}` };
    expect((await fetch(`${simulator.googleApiUrl}calendar/v3/calendars/primary/events`, { headers })).status).toBe(
      200,
    );
    client.setCredentials({ refresh_token: tokens.refresh_token ?? "" });
    expect((await client.getAccessToken()).token).toMatch(/^ya29\./);
  });

  test("signs its identity tokens with the key that its discovery document leads to", async () => {
    const { simulator, client } = await givenClient();
    const tokens = await tokensFor(client, { ...asked, scope: ["openid", "email", "profile"], nonce: "N1" });
    const document = await json(`${simulator.url}/google/.well-known/openid-configuration`);
    expect(document).toMatchObject({
      authorization_endpoint: simulator.googleAuthUrl,
      token_endpoint: simulator.googleTokenUrl,
      revocation_endpoint: simulator.googleRevokeUrl,
    });
    const keys = await json<JSONWebKeySet>(String(document["jwks_uri"]));
    const { payload } = await jwtVerify(tokens.id_token ?? "", createLocalJWKSet(keys), {
      ...{ issuer: String(document["issuer"]), audience: "app", currentDate: new Date(present) },
    });
    expect(payload).toMatchObject({ email: ann, email_verified: true, name: "Ann", nonce: "N1", azp: "app" });
    expect(payload.sub).toMatch(/^\d{21}$/);
  });

  test("shows the application, the accounts of Google with the hinted one chosen, and what is asked for", async () => {
    const { simulator, client } = await givenClient();
    simulator.control.addAccount("gil@example.com", { name: "<Gil & Co>" });
    simulator.control.addAccount("mia@example.org", { provider: "microsoft" });
    const response = await fetch(client.generateAuthUrl({ ...asked, login_hint: "gil@example.com" }));
    const page = await response.text();
    expect(textOf(page)).toMatch(
      /Calendar Sync wants access.*Ann ann@example.com <Gil & Co> gil@example.com.*View events/,
    );
    expect(page).not.toMatch(/mia@example.org|<Gil|<script/);
    expect([...page.matchAll(/value="([^"]*)" required checked/g)].map(([, email]) => email)).toEqual([
      "gil@example.com",
    ]);
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });

  test("lets only accounts of a domain choose, where the application asks for one", async () => {
    const { simulator, client } = await givenClient();
    simulator.control.addAccount("gil@firm.example");
    const page = await (await fetch(client.generateAuthUrl({ ...asked, hd: "firm.example" }))).text();
    expect([page.includes("gil@firm.example"), page.includes(ann)]).toEqual([true, false]);
  });

  test("tells the application of a refusal, with its state", async () => {
    const { client } = await givenClient();
    const parameters = await consented(client, asked, { decision: "deny" });
    expect(Object.fromEntries(parameters)).toEqual({ error: "access_denied", state: "S/1" });
    const nothing = await consented(client, asked, { untick: [events, list] });
    expect(nothing.get("error")).toBe("access_denied");
  });

  test("grants the scopes that are left ticked, and the API refuses the others", async () => {
    const { simulator, client } = await givenClient();
    const parameters = await consented(client, asked, { untick: [list] });
    expect(parameters.get("scope")).toBe(events);
    const tokens = await exchanged(client, { code: parameters.get("code") ?? "" });
    expect(tokens.scope).toBe(events);
    const headers = { authorization: `Bearer ${tokens.access_token ?? ""}` };
    const api = `${simulator.googleApiUrl}calendar/v3`;
    expect((await fetch(`${api}/users/me/calendarList`, { headers })).status).toBe(403);
    expect((await fetch(`${api}/calendars/primary/events`, { headers })).status).toBe(200);
  });

  test("adds what was granted before, where the application asks for that", async () => {
    const { client } = await givenClient();
    await consented(client, { ...asked, scope: list });
    expect((await consented(client, { ...asked, scope: events })).get("scope")).toBe(events);
    const both = await consented(client, { ...asked, scope: events, include_granted_scopes: true });
    expect(both.get("scope")?.split(" ").sort()).toEqual([list, events].sort());
  });

  test("gives a refresh token only for offline access, and a second one only to those who ask for consent again", async () => {
    const { client } = await givenClient();
    const has = async (options: GenerateAuthUrlOpts) => (await tokensFor(client, options)).refresh_token != null;
    expect(await has({ ...asked, access_type: "online" })).toBe(false);
    expect(await has(asked)).toBe(true);
    expect(await has(asked)).toBe(false);
    expect(await has({ ...asked, prompt: "consent" })).toBe(true);
    expect(await has({ ...asked, scope: [events, "https://www.googleapis.com/auth/calendar.readonly"] })).toBe(true);
  });

  test("has to be given anew after the application took its token back", async () => {
    const { client } = await givenClient();
    const first = await tokensFor(client);
    await client.revokeToken(first.refresh_token ?? "");
    client.setCredentials({ refresh_token: first.refresh_token ?? "" });
    expect((await refusalOf(client.getAccessToken())).body).toMatchObject({ error: "invalid_grant" });
    expect((await tokensFor(client)).refresh_token).toBeDefined();
  });

  test("has to be given anew after the user took the access back, and what was given before stays dead", async () => {
    const { simulator, client } = await givenClient();
    const first = await tokensFor(client);
    simulator.control.setRevoked(ann, true);
    expect(await silent(client, { ...asked, login_hint: ann })).toMatchObject({ error: "consent_required" });
    const second = await tokensFor(client);
    const refreshed = async (refresh_token: string) => {
      client.setCredentials({ refresh_token });
      return client.getAccessToken().then(
        () => "works",
        () => "refused",
      );
    };
    expect(await refreshed(second.refresh_token ?? "")).toBe("works");
    expect(await refreshed(first.refresh_token ?? "")).toBe("refused");
  });

  test("is not asked for where the application forbids it: allowed before means yes", async () => {
    const { client } = await givenClient();
    expect(await silent(client, asked)).toEqual({ error: "login_required", state: "S/1" });
    expect(await silent(client, { ...asked, login_hint: ann })).toEqual({ error: "consent_required", state: "S/1" });
    await consented(client);
    expect(await silent(client, { ...asked, login_hint: ann })).toHaveProperty("code");
  });

  test("takes any application and address where none is registered", async () => {
    const { client } = await givenClient({});
    expect((await tokensFor(client)).refresh_token).toBeDefined();
  });

  test("says on the page what is wrong with an answer", async () => {
    const { client } = await givenClient();
    const url = client.generateAuthUrl(asked);
    const response = await sendAnswer(url, { account: "nobody@example.com" });
    expect([response.status, textOf(await response.text())]).toEqual([
      400,
      expect.stringContaining("Choose an account."),
    ]);
  });
});

async function silent(client: OAuth2Client, options: GenerateAuthUrlOpts) {
  const response = await fetch(client.generateAuthUrl({ ...options, prompt: "none" }), { redirect: "manual" });
  return Object.fromEntries(new URL(response.headers.get("location") ?? "").searchParams);
}

async function json<T = Record<string, unknown>>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

describe("a request that Google shows to the user as wrong, and never sends anywhere", () => {
  test.each([
    ["client_id", null, 400, "invalid_request"],
    ["client_id", "other", 401, "invalid_client"],
    ["redirect_uri", null, 400, "invalid_request"],
    ["redirect_uri", "http://evil.invalid/", 400, "redirect_uri_mismatch"],
    ["redirect_uri", `${redirectUri}/`, 400, "redirect_uri_mismatch"],
    ["response_type", null, 400, "invalid_request"],
    ["response_type", "token", 400, "unsupported_response_type"],
    ["scope", null, 400, "invalid_request"],
    ["scope", "https://www.googleapis.com/auth/calendar.nonsense", 400, "invalid_scope"],
    ["access_type", "sometimes", 400, "invalid_request"],
    ["include_granted_scopes", "perhaps", 400, "invalid_request"],
    ["prompt", "loudly", 400, "invalid_request"],
    ["prompt", "none consent", 400, "invalid_request"],
    ["code_challenge_method", "S1", 400, "invalid_request"],
    ["code_challenge", "short", 400, "invalid_request"],
  ])("%s %p: %i %s", async (name, value, status, error) => {
    const { client } = await givenClient();
    const url = new URL(client.generateAuthUrl(asked));
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    for (const method of ["GET", "POST"]) {
      const response = await fetch(url, { method, redirect: "manual" });
      expect([response.status, response.headers.get("location")]).toEqual([status, null]);
      expect(textOf(await response.text())).toContain(`Error ${status}: ${error}`);
    }
  });
});

describe("an exchange of a code that Google refuses", () => {
  const verifier = "v".repeat(43);
  const plain = { code_challenge: verifier, code_challenge_method: CodeChallengeMethod.Plain };

  async function codeFor(client: OAuth2Client, options: GenerateAuthUrlOpts = {}): Promise<string> {
    return (await consented(client, { ...asked, ...options })).get("code") ?? "";
  }

  test("without the verifier, with another one, or with one that nobody asked for", async () => {
    const { client } = await givenClient();
    const challenge = { ...plain, code_challenge_method: CodeChallengeMethod.S256 };
    expect((await exchangeRefusal(client, { code: await codeFor(client, challenge) })).body).toEqual({
      ...{ error: "invalid_grant", error_description: "Missing code verifier." },
    });
    const code = await codeFor(client, challenge);
    expect((await exchangeRefusal(client, { code, codeVerifier: verifier })).body).toEqual({
      ...{ error: "invalid_grant", error_description: "Invalid code verifier." },
    });
    const unasked = { code: await codeFor(client), codeVerifier: verifier };
    expect((await exchangeRefusal(client, unasked)).body).toEqual({
      ...{ error: "invalid_grant", error_description: "code_verifier or verifier is not needed." },
    });
    expect(await exchanged(client, { code: await codeFor(client, plain), codeVerifier: verifier })).toHaveProperty(
      "access_token",
    );
  });

  test("the second time, after ten minutes, and for what is no code", async () => {
    const { simulator, client } = await givenClient();
    const description = async (code: string) => (await exchangeRefusal(client, { code })).body;
    const refused = (text: string) => ({ error: "invalid_grant", error_description: text });
    const code = await codeFor(client);
    await exchanged(client, { code });
    expect(await description(code)).toEqual(refused("Bad Request"));
    const late = await codeFor(client);
    simulator.control.advanceClock(600_000);
    expect(await description(late)).toEqual(refused("Bad Request"));
    const inTime = await codeFor(client);
    simulator.control.advanceClock(599_999);
    expect(await exchanged(client, { code: inTime })).toHaveProperty("access_token");
    expect(await description("nonsense")).toEqual(refused("Malformed auth code."));
  });

  test("from another application or for another address, and a refresh by another application", async () => {
    const others = [...registered, { clientId: "other", clientSecret: "secret" }];
    const { simulator, client } = await givenClient({ oauthClients: others });
    const other = clientFor(simulator, "other");
    expect((await exchangeRefusal(other, { code: await codeFor(client) })).body).toMatchObject({
      error: "invalid_grant",
    });
    const elsewhere = { code: await codeFor(client), redirect_uri: "http://127.0.0.1:5000/" };
    expect((await exchangeRefusal(client, elsewhere)).body).toMatchObject({ error: "redirect_uri_mismatch" });
    const tokens = await tokensFor(client, { ...asked, prompt: "consent" });
    other.setCredentials({ refresh_token: tokens.refresh_token ?? "" });
    expect(await refusalOf(other.getAccessToken())).toMatchObject({
      status: 401,
      body: { error: "unauthorized_client" },
    });
  });
});
