import { describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { ann, bob, givenBob } from "./given.js";
import { graphRefusal } from "./graph-client.js";
import { checkedAnswer } from "./graph-schemas.js";

interface TokenAnswer {
  status: number;
  body: Record<string, unknown>;
}

async function token(simulator: Simulator, form: Record<string, string>, tenant = "common"): Promise<TokenAnswer> {
  const body = new URLSearchParams({ client_id: "app", client_secret: "secret", ...form });
  const response = await fetch(`${simulator.microsoftLoginUrl}/${tenant}/oauth2/v2.0/token`, { method: "POST", body });
  const answer = (await response.json()) as Record<string, unknown>;
  checkedAnswer(response.status === 200 ? "Tokens" : "TokenRefusal", answer);
  return { status: response.status, body: answer };
}

function refresh(simulator: Simulator, refresh_token: string, more: Record<string, string> = {}) {
  return token(simulator, { grant_type: "refresh_token", refresh_token, ...more });
}

describe("the token endpoint of Microsoft", () => {
  test("gives an access token that works, and another refresh token every time", async () => {
    const { simulator, client } = await givenBob();
    const first = simulator.control.refreshTokenOf(bob);
    const { body } = await refresh(simulator, first);
    expect(body).toMatchObject({ expires_in: 3599, ext_expires_in: 3599 });
    const second = String(body["refresh_token"]);
    expect(second).not.toBe(first);
    expect((await refresh(simulator, second)).body["refresh_token"]).not.toBe(second);
    const response = await fetch(`${simulator.microsoftApiUrl}/me`, {
      headers: { authorization: `Bearer ${String(body["access_token"])}` },
    });
    expect(response.status).toBe(200);
    expect((await client.get("SignedInUser", "/me")).mail).toBe(bob);
  });

  test("takes every refresh token ever issued, unless rotation is strict", async () => {
    const { simulator } = await givenBob();
    const first = simulator.control.refreshTokenOf(bob);
    const second = String((await refresh(simulator, first)).body["refresh_token"]);
    expect((await refresh(simulator, first)).status).toBe(200);
    simulator.control.setScenario({ isRotationStrict: true });
    const third = String((await refresh(simulator, second)).body["refresh_token"]);
    expect(await refresh(simulator, second)).toMatchObject({
      status: 400,
      body: { error: "invalid_grant", error_codes: [70000] },
    });
    expect((await refresh(simulator, third)).status).toBe(200);
    expect((await refresh(simulator, simulator.control.refreshTokenOf(bob))).status).toBe(200);
  });

  test.each([
    ["expired", "invalid_grant", 700082, undefined],
    ["passwordChanged", "invalid_grant", 50173, "bad_token"],
    ["multiFactor", "invalid_grant", 50076, "basic_action"],
    ["interactionRequired", "interaction_required", 50079, undefined],
    ["consent", "invalid_grant", 65001, "consent_required"],
    ["consentRequired", "consent_required", 65001, undefined],
  ] as const)(
    "refuses a revoked account as %s, until the access is given again",
    async (refusedGrant, error, code, suberror) => {
      const { simulator } = await givenBob();
      const known = simulator.control.refreshTokenOf(bob);
      simulator.control.setScenario({ refusedGrant });
      simulator.control.setRevoked(bob, true);
      const refused = await refresh(simulator, known);
      expect(refused).toMatchObject({ status: 400, body: { error, error_codes: [code] } });
      expect(refused.body["error_description"]).toMatch(new RegExp(`^AADSTS${code}: `));
      expect(refused.body["suberror"]).toBe(suberror);
      simulator.control.setRevoked(bob, false);
      expect((await refresh(simulator, known)).status).toBe(200);
    },
  );

  test("redeems an authorization code, once, for the address it was made for", async () => {
    const { simulator } = await givenBob();
    const redirect_uri = "http://localhost/callback";
    const code = simulator.control.issueAuthorizationCode(bob, { redirectUri: redirect_uri });
    const form = { grant_type: "authorization_code", code, redirect_uri };
    const answer = await token(simulator, form, "8a6ce4b2-0000-4000-8000-000000000000");
    expect((await refresh(simulator, String(answer.body["refresh_token"]))).status).toBe(200);
    expect(await token(simulator, form)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    const other = simulator.control.issueAuthorizationCode(bob, { redirectUri: redirect_uri });
    const elsewhere = await token(simulator, { ...form, code: other, redirect_uri: "http://evil.invalid/" });
    expect(elsewhere).toMatchObject({ status: 400, body: { error: "invalid_grant", error_codes: [500112] } });
  });

  test("gives scopes that were granted, and asks for consent to others", async () => {
    const { simulator } = await givenBob();
    const known = simulator.control.refreshTokenOf(bob);
    const granted = "offline_access https://graph.microsoft.com/Calendars.Read user.read";
    expect((await refresh(simulator, known, { scope: granted })).status).toBe(200);
    expect(await refresh(simulator, known, { scope: "Mail.Read" })).toMatchObject({ body: { error_codes: [65001] } });
  });

  test("lets only its OAuth applications in, where it was given some", async () => {
    const { simulator } = await givenBob({ oauthClients: [{ clientId: "app", clientSecret: "right" }] });
    const known = simulator.control.refreshTokenOf(bob);
    expect(await refresh(simulator, known)).toMatchObject({
      status: 401,
      body: { error: "invalid_client", error_codes: [7000215] },
    });
    expect(await refresh(simulator, known, { client_id: "other" })).toMatchObject({
      status: 400,
      body: { error: "unauthorized_client", error_codes: [700016] },
    });
    expect((await refresh(simulator, known, { client_secret: "right" })).status).toBe(200);
  });

  test.each([
    [{}, 400, "invalid_request", 900144],
    [{ grant_type: "password" }, 400, "unsupported_grant_type", 70003],
    [{ grant_type: "refresh_token" }, 400, "invalid_request", 900144],
    [{ grant_type: "refresh_token", refresh_token: "nonsense" }, 400, "invalid_grant", 70000],
    [{ grant_type: "authorization_code", code: "nonsense" }, 400, "invalid_grant", 70000],
    [{ client_id: "" }, 400, "invalid_request", 900144],
    [{ client_secret: "" }, 401, "invalid_client", 7000218],
  ])("answers %j with %i %s", async (form, status, error, code) => {
    const { simulator } = await givenBob();
    expect(await token(simulator, form)).toMatchObject({ status, body: { error, error_codes: [code] } });
  });

  test("knows no refresh token of a Google account", async () => {
    const { simulator } = await givenBob();
    simulator.control.addAccount(ann);
    expect(await refresh(simulator, simulator.control.refreshTokenOf(ann))).toMatchObject({
      body: { error: "invalid_grant" },
    });
  });
});

describe("Graph's check of access tokens", () => {
  async function refused(simulator: Simulator, accessToken: string, path = "me/calendars") {
    const { GraphClient } = await import("./graph-client.js");
    return graphRefusal(new GraphClient(simulator, accessToken).get("CalendarList", `/${path}`));
  }

  test("refuses unknown, expired and foreign tokens", async () => {
    const { simulator } = await givenBob();
    simulator.control.addAccount(ann);
    const old = simulator.control.issueAccessToken(bob);
    simulator.control.expireAccessTokens(bob);
    for (const accessToken of ["nonsense", old, simulator.control.issueAccessToken(ann)]) {
      const { status, code, headers } = await refused(simulator, accessToken);
      expect([status, code]).toEqual([401, "InvalidAuthenticationToken"]);
      expect(headers.get("www-authenticate")).toMatch(/^Bearer /);
    }
  });

  test("refuses a revoked account, with a claims challenge where it is told to", async () => {
    const { simulator } = await givenBob();
    const accessToken = simulator.control.issueAccessToken(bob);
    simulator.control.setRevoked(bob, true);
    expect((await refused(simulator, accessToken)).headers.get("www-authenticate")).not.toMatch(/claims/);
    simulator.control.setScenario({ isClaimsChallenge: true });
    expect((await refused(simulator, accessToken)).headers.get("www-authenticate")).toMatch(
      /error="insufficient_claims", claims="/,
    );
  });

  test("refuses what was not granted, resource by resource", async () => {
    const { simulator } = await givenBob();
    const accessToken = simulator.control.issueAccessToken(bob, { scopes: ["User.Read"] });
    for (const path of ["me/calendars", "me/calendarView/delta", "me/mailboxSettings"]) {
      expect(await refused(simulator, accessToken, path)).toMatchObject({ status: 403, code: "ErrorAccessDenied" });
    }
    const response = await fetch(`${simulator.microsoftApiUrl}/me`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(response.status).toBe(200);
  });

  test("lets nobody read another user's mailbox", async () => {
    const { simulator } = await givenBob();
    simulator.control.addAccount("eve@example.org", { provider: "microsoft" });
    const eve = simulator.control.issueAccessToken("eve@example.org");
    expect(await refused(simulator, eve, `users/${bob}/calendars`)).toMatchObject({
      status: 404,
      code: "ErrorInvalidUser",
    });
    const calendar = simulator.control.externalCalendarId(bob);
    expect(await refused(simulator, eve, `me/calendars/${calendar}`)).toMatchObject({ code: "ErrorItemNotFound" });
  });
});
