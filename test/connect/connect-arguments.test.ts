import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ProviderHttp } from "../../src/providers/http.js";
import { googleConsent } from "../../src/providers/google/consent.js";
import type { TestApp } from "../support/app.js";
import { noProviders, post, startTestServer, tokenOf } from "../support/graphql-server.js";
import { beginConsent, Browser, newAccount, startConnectApp } from "./consent-flow.js";

const origin = "https://admin.example.test";
let app: TestApp;

beforeAll(async () => {
  app = await startConnectApp({ environment: { CORS_ORIGINS: `${origin},http://localhost:3000` } });
});
afterAll(() => app.stop());

async function refused(query: string, variables: object = {}): Promise<object | undefined> {
  const { error } = await new Browser().graphql(app, await app.token("manager"), query, variables);
  return error?.extensions;
}

function connect(variables: {
  ownerId?: string;
  returnUrl?: string | null;
  reason?: string;
}): Promise<object | undefined> {
  const query = `mutation ($ownerId: ID!, $returnUrl: String, $reason: String) {
    connectCalendar(provider: GOOGLE, ownerId: $ownerId, returnUrl: $returnUrl, reason: $reason) { consentUrl } }`;
  return refused(query, { ownerId: "staff-1", ...variables });
}

describe("connecting is refused", () => {
  test.each([
    ["", ""],
    ["blank", " \t "],
    ["long", "x".repeat(201)],
    ["a control character", "a\u0007b"],
    ["half a character", "a\ud800"],
  ])("for an owner without a usable id: %s", async (_what, ownerId) => {
    expect(await connect({ ownerId })).toEqual({ code: "BAD_USER_INPUT", argument: "ownerId" });
  });

  test.each([
    "https://evil.example.test/",
    `${origin}.evil.test/`,
    "http://admin.example.test/",
    `https://user:password@admin.example.test/`,
    "//admin.example.test/",
    "/calendars",
    "javascript:alert(1)",
    "data:text/html,hello",
    "",
    `${origin}/${"x".repeat(2000)}`,
    `${origin}/${"ä".repeat(1000)}`,
  ])("for an address to return to that is none of ours: %.60s", async (returnUrl) => {
    expect(await connect({ returnUrl })).toEqual({ code: "BAD_USER_INPUT", argument: "returnUrl" });
  });

  test("for a reason that is too long", async () => {
    expect(await connect({ reason: "x".repeat(501) })).toEqual({ code: "BAD_USER_INPUT", argument: "reason" });
  });

  test("and nothing of it is stored", async () => {
    expect(await app.sql("select from calendar_consent")).toEqual([]);
    expect(await app.sql("select from audit_event")).toEqual([]);
  });
});

test.each([null, `${origin}/a?b=c#d`, "http://localhost:3000/", `own address`])(
  "connecting may return to %s",
  async (returnUrl) => {
    expect(
      await connect({ returnUrl: returnUrl === "own address" ? `${app.url}/somewhere` : returnUrl }),
    ).toBeUndefined();
  },
);

describe("reconnecting is refused", () => {
  const query = "mutation ($id: ID!) { reconnectCalendar(connectionId: $id) { consentUrl } }";

  test("for a connection that works, and for one that is paused", async () => {
    const id = await app.connect(newAccount(app));
    expect(await refused(query, { id })).toEqual({ code: "BAD_USER_INPUT", reason: "CONNECTION_ACTIVE" });
    await app.manager("mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }", { id });
    expect(await refused(query, { id })).toEqual({ code: "BAD_USER_INPUT", reason: "CONNECTION_PAUSED" });
  });

  test("for another firm's connection, as for none", async () => {
    const id = await app.connect(newAccount(app), "2");
    expect(await refused(query, { id })).toEqual({ code: "NOT_FOUND" });
    expect(await refused(query, { id: "no id" })).toEqual({ code: "NOT_FOUND" });
    expect(await refused("mutation ($id: ID!) { disconnectCalendar(connectionId: $id) { id } }", { id })).toEqual({
      code: "NOT_FOUND",
    });
  });
});

test("where nobody has said how browsers reach the server, calendars cannot be connected", async () => {
  const other = await startConnectApp({ environment: { PUBLIC_URL: "" } });
  const { error } = await new Browser().graphql(
    other,
    await other.token("manager"),
    'mutation { connectCalendar(provider: GOOGLE, ownerId: "1") { consentUrl } }',
  );
  await other.stop();
  expect(error).toMatchObject({
    message: expect.stringContaining("PUBLIC_URL") as unknown,
    extensions: { code: "BAD_USER_INPUT", reason: "PUBLIC_URL_MISSING" },
  });
});

describe("the cookie that binds a consent to its browser", () => {
  /** The Set-Cookie headers of a started consent, and all headers of the answer. */
  async function answerHeaders(url: string, headers: Record<string, string> = {}): Promise<Headers> {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${await app.token("manager")}`,
        ...headers,
      },
      body: JSON.stringify({ query: 'mutation { connectCalendar(provider: GOOGLE, ownerId: "1") { consentUrl } }' }),
    });
    return response.headers;
  }

  test("is out of reach of scripts and of other sites' forms, and sent to nothing but the pages of consents", async () => {
    const [cookie = ""] = (await answerHeaders(app.url)).getSetCookie();
    expect(cookie).toMatch(
      /^calendar-consent-[0-9a-f-]{36}=1\.[\w-]{43}; Max-Age=1800; Path=\/oauth; HttpOnly; SameSite=Lax$/,
    );
  });

  test("goes over https alone where the server is reached so, and below its path", async () => {
    const { installation } = app;
    const environment = { PUBLIC_URL: "https://api.example.test/calendars", PORT: "0" };
    const secure = await startConnectApp({ installation, environment });
    const [cookie = ""] = (await answerHeaders(secure.url)).getSetCookie();
    await secure.stop();
    expect(cookie).toMatch(/; Path=\/calendars\/oauth; HttpOnly; SameSite=Lax; Secure$/);
  });

  test("may be kept by pages of the allowed origins, and by no others", async () => {
    const allowed = await answerHeaders(app.url, { origin });
    expect(allowed.get("access-control-allow-origin")).toBe(origin);
    expect(allowed.get("access-control-allow-credentials")).toBe("true");
    const other = await answerHeaders(app.url, { origin: "https://evil.example.test" });
    expect(other.get("access-control-allow-origin")).toBeNull();
    expect(other.get("access-control-allow-credentials")).toBeNull();
  });

  test("is another one for each consent, so that several may be under way", async () => {
    const browser = new Browser();
    await beginConsent(app, browser);
    await beginConsent(app, browser, { provider: "MICROSOFT" });
    expect(new Set(browser.cookies.values()).size).toBe(2);
  });
});

describe("a server that shows itself on this machine alone", () => {
  async function redirectUri(headers: Record<string, string>): Promise<string | null> {
    const http = new ProviderHttp();
    const addresses = {
      apiUrl: "http://127.0.0.1/",
      authUrl: "http://127.0.0.1/auth",
      tokenUrl: "http://127.0.0.1/token",
    };
    const google = googleConsent({ ...addresses, clientId: "client", clientSecret: "secret", http });
    const server = await startTestServer({
      web: { publicUrl: null, trustProxy: false, corsOrigins: [], isOwnAddressPublic: true },
      connecting: { ...noProviders, providers: new Map([["GOOGLE", google]]) },
    });
    const query = 'mutation { connectCalendar(provider: GOOGLE, ownerId: "1") { consentUrl } }';
    interface Answer {
      connectCalendar: { consentUrl: string } | null;
    }
    const { data } = await post<Answer>(server.url, { query }, await tokenOf(), headers);
    await server.stop();
    await http.close();
    const consent = data?.connectCalendar;
    const uri = consent && new URL(consent.consentUrl).searchParams.get("redirect_uri");
    return uri?.replace(server.url, "OWN") ?? null;
  }

  test("sends browsers back to where they asked it, and to no other address", async () => {
    expect(await redirectUri({})).toBe("OWN/oauth/callback");
    expect(await redirectUri({ "x-forwarded-host": "evil.example.test" })).toBeNull();
  });
});
