import { jsonAnswer } from "../answer.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { Account } from "../accounts.js";
import { ACCESS_TOKEN_SECONDS } from "../tokens.js";
import type { Grant } from "../tokens.js";
import type { World } from "../world.js";

/** `POST /google/token`: refresh tokens and authorization codes against access tokens (RFC 6749, as Google answers). */
export function tokenAnswer(world: World, request: IncomingRequest): Answer {
  const form = new URLSearchParams(request.body);
  const refusal = refuseClient(world, form);
  if (refusal) return refusal;
  switch (form.get("grant_type")) {
    case "refresh_token":
      return refreshAnswer(world, form);
    case "authorization_code":
      return codeAnswer(world, form);
    case null:
      return oauthError(400, "invalid_request", "Required parameter is missing: grant_type");
    default:
      return oauthError(400, "unsupported_grant_type", "Invalid grant_type: " + (form.get("grant_type") ?? ""));
  }
}

/** `POST /google/revoke`: the token, in the query or the form, and with a refresh token all access tokens of the account. */
export function revokeAnswer(world: World, request: IncomingRequest): Answer {
  const token = request.url.searchParams.get("token") ?? new URLSearchParams(request.body).get("token");
  if (token === null) return oauthError(400, "invalid_request", "Required parameter is missing: token");
  return world.tokens.revoke(token)
    ? jsonAnswer(200, {})
    : oauthError(400, "invalid_token", "Token expired or revoked");
}

/** Whose token or code a request to the token endpoint carries. */
export function accountOfTokenRequest(world: World, request: IncomingRequest): string | null {
  const form = new URLSearchParams(request.body);
  const token = form.get("refresh_token") ?? form.get("token") ?? request.url.searchParams.get("token") ?? "";
  const grant = world.tokens.refresh(token) ?? world.tokens.code(form.get("code") ?? "");
  return grant?.account ?? world.tokens.accountOfAccess(token) ?? null;
}

function refuseClient(world: World, form: URLSearchParams): Answer | null {
  const clientId = form.get("client_id") ?? "";
  const clientSecret = form.get("client_secret") ?? "";
  if (clientId === "") return oauthError(400, "invalid_request", "Could not determine client ID from request.");
  if (!world.oauthClients) return clientSecret === "" ? oauthError(401, "invalid_client", "Unauthorized") : null;
  const client = world.oauthClients.find((known) => known.clientId === clientId);
  if (!client) return oauthError(401, "invalid_client", "The OAuth client was not found.");
  return client.clientSecret === clientSecret ? null : oauthError(401, "invalid_client", "Unauthorized");
}

function refreshAnswer(world: World, form: URLSearchParams): Answer {
  const token = form.get("refresh_token");
  if (token === null) return oauthError(400, "invalid_request", "Missing required parameter: refresh_token");
  const grant = world.tokens.refresh(token);
  if (!grant || !livingAccount(world, grant))
    return oauthError(400, "invalid_grant", "Token has been expired or revoked.");
  return jsonAnswer(200, accessBody(world, grant));
}

function codeAnswer(world: World, form: URLSearchParams): Answer {
  const code = world.tokens.redeemCode(form.get("code") ?? "");
  if (!code || !livingAccount(world, code)) return oauthError(400, "invalid_grant", "Bad Request");
  if (code.redirectUri !== null && code.redirectUri !== form.get("redirect_uri")) {
    return oauthError(400, "redirect_uri_mismatch", "Bad Request");
  }
  const grant = { account: code.account, scopes: code.scopes };
  return jsonAnswer(200, { ...accessBody(world, grant), refresh_token: world.tokens.issueRefresh(grant) });
}

function accessBody(world: World, grant: Grant) {
  const access_token = world.tokens.issueAccess(grant);
  return { access_token, expires_in: ACCESS_TOKEN_SECONDS, scope: grant.scopes.join(" "), token_type: "Bearer" };
}

function livingAccount(world: World, grant: Grant): Account | null {
  const account = world.accounts.find(grant.account);
  return account?.provider === "google" && !account.isRevoked ? account : null;
}

function oauthError(status: number, error: string, error_description: string): Answer {
  return jsonAnswer(status, { error, error_description });
}
