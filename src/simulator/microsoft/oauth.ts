import { jsonAnswer } from "../answer.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { AuthorizationCode } from "../consent/authorization-codes.js";
import { isAnswered } from "../consent/code-challenge.js";
import { ACCESS_TOKEN_SECONDS, isGivenTo } from "../tokens.js";
import type { Grant } from "../tokens.js";
import type { World } from "../world.js";
import { describedRefusal, missingParameter, unknownApplication } from "./aadsts.js";
import type { Refusal } from "./aadsts.js";
import { clientInfoOf, microsoftIdToken } from "./identity.js";
import { DEAD_CODES, malformedGrant, REFUSED_GRANTS } from "./refused-grants.js";
import { areGranted } from "./scopes.js";

/** `POST /ms/{tenant}/oauth2/v2.0/token`: refresh tokens and authorization codes against access tokens. */
export function tokenAnswer(world: World, request: IncomingRequest): Answer {
  const form = new URLSearchParams(request.body);
  const outcome = tokensFor(world, form);
  return "error" in outcome ? refusalAnswer(world, outcome) : jsonAnswer(200, outcome, NO_STORE);
}

const NO_STORE = { "cache-control": "no-store, no-cache", pragma: "no-cache" };

/** Whose token or code a request to the token endpoint carries. */
export function accountOfTokenRequest(world: World, request: IncomingRequest): string | null {
  const form = new URLSearchParams(request.body);
  const grant = world.tokens.refresh(form.get("refresh_token") ?? "") ?? world.codes.find(form.get("code") ?? "");
  return grant?.account ?? null;
}

function tokensFor(world: World, form: URLSearchParams) {
  const refusal = refuseClient(world, form);
  if (refusal) return refusal;
  switch (form.get("grant_type")) {
    case "refresh_token":
      return refreshed(world, form);
    case "authorization_code":
      return redeemed(world, form);
    case null:
      return missingParameter("grant_type");
    default:
      return unsupported(form.get("grant_type") ?? "");
  }
}

function unsupported(type: string): Refusal {
  const message = `The app requested an unsupported grant type '${type}'.`;
  return { error: "unsupported_grant_type", number: 70003, message };
}

function refuseClient(world: World, form: URLSearchParams): Refusal | null {
  const clientId = form.get("client_id");
  if (clientId === null || clientId === "") return missingParameter("client_id");
  const client = world.oauthClients?.find((known) => known.clientId === clientId);
  if (world.oauthClients && !client) return unknownApplication(clientId);
  const secret = form.get("client_secret") ?? "";
  const unauthenticated = { status: 401, error: "invalid_client" };
  if (secret === "") {
    const message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    return { ...unauthenticated, number: 7000218, message };
  }
  if (!client || client.clientSecret === secret) return null;
  const message = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`;
  return { ...unauthenticated, number: 7000215, message };
}

function refreshed(world: World, form: URLSearchParams) {
  const token = form.get("refresh_token");
  if (token === null) return missingParameter("refresh_token");
  const grant = world.tokens.refresh(token);
  if (!grant || !isGivenTo(grant, form.get("client_id"))) return malformedGrant("refresh_token");
  const refusal = refuseGrant(world, grant, form);
  if (refusal) return refusal;
  if (world.scenario.isRotationStrict) world.tokens.endRefresh(token);
  return tokensOf(world, grant, form);
}

function redeemed(world: World, form: URLSearchParams) {
  const redemption = world.codes.redeem(form.get("code") ?? "");
  if (redemption.outcome !== "redeemed") return DEAD_CODES[redemption.outcome];
  const { code } = redemption;
  if (!isGivenTo(code, form.get("client_id"))) return malformedGrant("code");
  if (code.redirectUri !== null && code.redirectUri !== form.get("redirect_uri")) {
    const message = "The reply address in the request does not match the reply address of the authorization code.";
    return { error: "invalid_grant", number: 500112, message };
  }
  const { account, scopes, clientId } = code;
  const grant = { account, scopes, ...(clientId === undefined ? {} : { clientId }) };
  const refusal = refuseVerifier(code, form.get("code_verifier")) ?? refuseGrant(world, grant, form);
  return refusal ?? tokensOf(world, grant, form, code.nonce);
}

/** The proof that a code is redeemed by who asked for it. A verifier that nothing was asked for proves nothing, and is refused too. */
function refuseVerifier({ codeChallenge }: AuthorizationCode, verifier: string | null): Refusal | null {
  const error = "invalid_grant";
  if (codeChallenge && verifier === null) {
    const message =
      "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.";
    return { error, number: 50148, message };
  }
  if (verifier === null || (codeChallenge && isAnswered(codeChallenge, verifier))) return null;
  const message = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
  return { error, number: 501481, message };
}

function refuseGrant(world: World, grant: Grant, form: URLSearchParams): Refusal | null {
  const account = world.accounts.find(grant.account);
  if (account?.provider !== "microsoft") return malformedGrant("refresh_token");
  if (account.isRevoked) return REFUSED_GRANTS[world.scenario.refusedGrant];
  const requested = (form.get("scope") ?? "").split(/\s+/).filter((scope) => scope !== "");
  return areGranted(requested, grant.scopes) ? null : REFUSED_GRANTS.consent;
}

/** A new refresh token comes with every access token, for those who may have one. */
function tokensOf(world: World, grant: Grant, form: URLSearchParams, nonce?: string) {
  const hasRefresh = grant.scopes.includes("offline_access");
  const idToken = microsoftIdToken(world, grant, form.get("client_id") ?? "", nonce);
  return {
    token_type: "Bearer",
    scope: grant.scopes.filter((scope) => scope !== "offline_access").join(" "),
    expires_in: ACCESS_TOKEN_SECONDS,
    ext_expires_in: ACCESS_TOKEN_SECONDS,
    access_token: world.tokens.issueAccess(grant),
    ...(hasRefresh ? { refresh_token: world.tokens.issueRefresh(grant) } : {}),
    ...(idToken === null ? {} : { id_token: idToken }),
    ...(form.get("client_info") === "1" ? { client_info: clientInfoOf(grant.account) } : {}),
  };
}

function refusalAnswer(world: World, refusal: Refusal): Answer {
  const { description, timestamp, traceId, correlationId, uri } = describedRefusal(world, refusal);
  const { status = 400, error, number, suberror } = refusal;
  const body = {
    error,
    error_description: description,
    error_codes: [number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: uri,
    ...(suberror === undefined ? {} : { suberror }),
  };
  return jsonAnswer(status, body, NO_STORE);
}
