import { jsonAnswer } from "../answer.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { Account } from "../accounts.js";
import type { AuthorizationCode } from "../consent/authorization-codes.js";
import { isAnswered } from "../consent/code-challenge.js";
import { ACCESS_TOKEN_SECONDS, isGivenTo } from "../tokens.js";
import type { Grant } from "../tokens.js";
import type { World } from "../world.js";
import { googleIdToken } from "./identity.js";

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

/**
 * `POST /google/revoke`: the token, in the query or the form, and with a refresh token all access tokens of the account; the user has
 * to consent anew then. With a token that came from a consent, everything that came from it.
 */
export function revokeAnswer(world: World, request: IncomingRequest): Answer {
  const token = request.url.searchParams.get("token") ?? new URLSearchParams(request.body).get("token");
  if (token === null) return oauthError(400, "invalid_request", "Required parameter is missing: token");
  const grant = world.tokens.revoke(token);
  if (!grant) return oauthError(400, "invalid_token", "Token expired or revoked");
  world.consents.forget(grant.account, grant.clientId);
  return jsonAnswer(200, {});
}

/** Whose token or code a request to the token endpoint carries. */
export function accountOfTokenRequest(world: World, request: IncomingRequest): string | null {
  const form = new URLSearchParams(request.body);
  const token = form.get("refresh_token") ?? form.get("token") ?? request.url.searchParams.get("token") ?? "";
  const grant = world.tokens.refresh(token) ?? world.codes.find(form.get("code") ?? "");
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
  if (!isGivenTo(grant, form.get("client_id"))) return oauthError(401, "unauthorized_client", "Unauthorized");
  return jsonAnswer(200, accessBody(world, grant, form));
}

function codeAnswer(world: World, form: URLSearchParams): Answer {
  const text = form.get("code") ?? "";
  const redemption = world.codes.redeem(text);
  const code = redemption.outcome === "redeemed" ? redemption.code : null;
  if (!code || !livingAccount(world, code) || !isGivenTo(code, form.get("client_id")))
    return invalidGrant(text.startsWith("4/") ? "Bad Request" : "Malformed auth code.");
  if (code.redirectUri !== null && code.redirectUri !== form.get("redirect_uri")) {
    return oauthError(400, "redirect_uri_mismatch", "Bad Request");
  }
  const fault = verifierFault(code, form.get("code_verifier"));
  if (fault !== null) return invalidGrant(fault);
  const { account, scopes, clientId, nonce, hasRefreshToken = true } = code;
  const grant = { account, scopes, ...(clientId === undefined ? {} : { clientId }) };
  const refresh = hasRefreshToken ? { refresh_token: world.tokens.issueRefresh(grant) } : {};
  return jsonAnswer(200, { ...accessBody(world, grant, form, nonce), ...refresh });
}

/** What is wrong with the proof that a code is redeemed by who asked for it; null where it fits. */
function verifierFault({ codeChallenge }: AuthorizationCode, verifier: string | null): string | null {
  if (!codeChallenge) return verifier === null ? null : "code_verifier or verifier is not needed.";
  if (verifier === null) return "Missing code verifier.";
  return isAnswered(codeChallenge, verifier) ? null : "Invalid code verifier.";
}

function accessBody(world: World, grant: Grant, form: URLSearchParams, nonce?: string) {
  const access_token = world.tokens.issueAccess(grant);
  const id_token = googleIdToken(world, grant, form.get("client_id") ?? "", access_token, nonce);
  return {
    ...{ access_token, expires_in: ACCESS_TOKEN_SECONDS, scope: grant.scopes.join(" "), token_type: "Bearer" },
    ...(id_token === null ? {} : { id_token }),
  };
}

function livingAccount(world: World, grant: Grant): Account | null {
  const account = world.accounts.find(grant.account);
  return account?.provider === "google" && !account.isRevoked ? account : null;
}

function oauthError(status: number, error: string, error_description: string): Answer {
  return jsonAnswer(status, { error, error_description });
}

function invalidGrant(description: string): Answer {
  return oauthError(400, "invalid_grant", description);
}
