import { describe, expect, test } from "@jest/globals";
import { OAuth2Client } from "google-auth-library";
import type { Simulator } from "../../src/simulator/simulator.js";
import { ann, givenAnn } from "./given.js";

interface TokenAnswer {
  status: number;
  body: Record<string, unknown>;
}

async function token(simulator: Simulator, form: Record<string, string>): Promise<TokenAnswer> {
  const body = new URLSearchParams({ client_id: "app", client_secret: "secret", ...form });
  const response = await fetch(simulator.googleTokenUrl, { method: "POST", body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("the token endpoint", () => {
  test("gives an access token for a refresh token, through the official client", async () => {
    const { simulator } = await givenAnn();
    const client = new OAuth2Client({
      clientId: "app",
      clientSecret: "secret",
      endpoints: { oauth2TokenUrl: simulator.googleTokenUrl },
    });
    client.setCredentials({ refresh_token: simulator.control.refreshTokenOf(ann) });
    const { token: accessToken } = await client.getAccessToken();
    const response = await fetch(`${simulator.googleApiUrl}calendar/v3/calendars/primary/events`, {
      headers: { authorization: `Bearer ${accessToken ?? ""}` },
    });
    expect(response.status).toBe(200);
  });

  test("says how long the token lives and what it is for, and keeps the refresh token", async () => {
    const { simulator } = await givenAnn();
    const answer = await token(simulator, {
      grant_type: "refresh_token",
      refresh_token: simulator.control.refreshTokenOf(ann),
    });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual(["access_token", "expires_in", "scope", "token_type"]);
    expect(answer.body).toMatchObject({ expires_in: 3599, token_type: "Bearer" });
  });

  test("takes every refresh token ever issued, and none that was revoked", async () => {
    const { simulator } = await givenAnn();
    const [first, second] = [simulator.control.refreshTokenOf(ann), simulator.control.issueRefreshToken(ann)];
    const status = async (refresh_token: string) =>
      (await token(simulator, { grant_type: "refresh_token", refresh_token })).status;
    expect([await status(first), await status(second)]).toEqual([200, 200]);
    const revoked = await fetch(`${simulator.url}/google/revoke?token=${encodeURIComponent(first)}`, {
      method: "POST",
    });
    expect([revoked.status, await revoked.json()]).toEqual([200, {}]);
    expect([await status(first), await status(second)]).toEqual([400, 200]);
    const again = await fetch(`${simulator.url}/google/revoke`, {
      method: "POST",
      body: new URLSearchParams({ token: first }),
    });
    expect([again.status, await again.json()]).toMatchObject([400, { error: "invalid_token" }]);
  });

  test("refuses a revoked account until the access is given again", async () => {
    const { simulator } = await givenAnn();
    const form = { grant_type: "refresh_token", refresh_token: simulator.control.refreshTokenOf(ann) };
    simulator.control.setRevoked(ann, true);
    expect(await token(simulator, form)).toEqual({
      status: 400,
      body: { error: "invalid_grant", error_description: "Token has been expired or revoked." },
    });
    simulator.control.setRevoked(ann, false);
    expect((await token(simulator, form)).status).toBe(200);
  });

  test("gives both tokens for an authorization code, once, for the address it was made for", async () => {
    const { simulator } = await givenAnn();
    const code = simulator.control.issueAuthorizationCode(ann, { redirectUri: "http://localhost/callback" });
    const form = { grant_type: "authorization_code", code, redirect_uri: "http://localhost/callback" };
    const answer = await token(simulator, form);
    expect(answer.body).toMatchObject({ expires_in: 3599, token_type: "Bearer" });
    const refresh_token = String(answer.body["refresh_token"]);
    expect((await token(simulator, { grant_type: "refresh_token", refresh_token })).status).toBe(200);
    expect(await token(simulator, form)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    const other = simulator.control.issueAuthorizationCode(ann, { redirectUri: "http://localhost/callback" });
    const elsewhere = await token(simulator, { ...form, code: other, redirect_uri: "http://evil.invalid/" });
    expect(elsewhere).toMatchObject({ status: 400, body: { error: "redirect_uri_mismatch" } });
  });

  test("lets only its OAuth applications in, where it was given some", async () => {
    const { simulator } = await givenAnn({ oauthClients: [{ clientId: "app", clientSecret: "right" }] });
    const form = { grant_type: "refresh_token", refresh_token: simulator.control.refreshTokenOf(ann) };
    expect(await token(simulator, form)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    expect(await token(simulator, { ...form, client_id: "other" })).toMatchObject({
      status: 401,
      body: { error: "invalid_client" },
    });
    expect((await token(simulator, { ...form, client_secret: "right" })).status).toBe(200);
  });

  test.each([
    [{}, "invalid_request"],
    [{ grant_type: "password" }, "unsupported_grant_type"],
    [{ grant_type: "refresh_token" }, "invalid_request"],
    [{ grant_type: "refresh_token", refresh_token: "nonsense" }, "invalid_grant"],
    [{ grant_type: "authorization_code", code: "nonsense" }, "invalid_grant"],
  ])("answers %j with %s", async (form, error) => {
    const { simulator } = await givenAnn();
    expect(await token(simulator, form)).toMatchObject({ status: 400, body: { error } });
  });
});
