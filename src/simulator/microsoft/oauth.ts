import { randomUUID } from "node:crypto";
import { jsonAnswer } from "../answer.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { Scenario } from "../scenario.js";
import { ACCESS_TOKEN_SECONDS } from "../tokens.js";
import type { Grant } from "../tokens.js";
import type { World } from "../world.js";
import { areGranted } from "./scopes.js";

/** Why the token endpoint refuses: what OAuth calls it, and the number and words of Microsoft Entra. */
interface Refusal {
  status?: number;
  error: string;
  number: number;
  message: string;
  suberror?: string;
}

const REFUSED_GRANTS: Readonly<Record<Scenario["refusedGrant"], Refusal>> = {
  expired: {
    error: "invalid_grant",
    number: 700082,
    message: "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.",
  },
  passwordChanged: {
    error: "invalid_grant",
    number: 50173,
    message: "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    suberror: "bad_token",
  },
  multiFactor: {
    error: "invalid_grant",
    number: 50076,
    message:
      "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
    suberror: "basic_action",
  },
  interactionRequired: {
    error: "interaction_required",
    number: 50079,
    message:
      "Due to a configuration change made by your administrator, you must enroll in multi-factor authentication.",
  },
  consent: {
    error: "invalid_grant",
    number: 65001,
    message: "The user or administrator has not consented to use the application.",
    suberror: "consent_required",
  },
  consentRequired: {
    error: "consent_required",
    number: 65001,
    message: "The user or administrator has not consented to use the application.",
  },
};

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
  const grant = world.tokens.refresh(form.get("refresh_token") ?? "") ?? world.tokens.code(form.get("code") ?? "");
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
      return missing("grant_type");
    default:
      return unsupported(form.get("grant_type") ?? "");
  }
}

function missing(parameter: string): Refusal {
  const message = `The request body must contain the following parameter: '${parameter}'.`;
  return { error: "invalid_request", number: 900144, message };
}

function unsupported(type: string): Refusal {
  const message = `The app requested an unsupported grant type '${type}'.`;
  return { error: "unsupported_grant_type", number: 70003, message };
}

function refuseClient(world: World, form: URLSearchParams): Refusal | null {
  const clientId = form.get("client_id");
  if (clientId === null || clientId === "") return missing("client_id");
  const client = world.oauthClients?.find((known) => known.clientId === clientId);
  if (world.oauthClients && !client) {
    const message = `Application with identifier '${clientId}' was not found in the directory.`;
    return { error: "unauthorized_client", number: 700016, message };
  }
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
  if (token === null) return missing("refresh_token");
  const grant = world.tokens.refresh(token);
  if (!grant) return malformedGrant("refresh_token");
  const refusal = refuseGrant(world, grant, form);
  if (refusal) return refusal;
  if (world.scenario.isRotationStrict) world.tokens.endRefresh(token);
  return tokensOf(world, grant);
}

function redeemed(world: World, form: URLSearchParams) {
  const code = world.tokens.redeemCode(form.get("code") ?? "");
  if (!code) return malformedGrant("code");
  if (code.redirectUri !== null && code.redirectUri !== form.get("redirect_uri")) {
    const message = "The reply address in the request does not match the reply address of the authorization code.";
    return { error: "invalid_grant", number: 500112, message };
  }
  const grant = { account: code.account, scopes: code.scopes };
  return refuseGrant(world, grant, form) ?? tokensOf(world, grant);
}

function malformedGrant(parameter: string): Refusal {
  const message = `The provided value for the input parameter '${parameter}' is not valid.`;
  return { error: "invalid_grant", number: 70000, message };
}

function refuseGrant(world: World, grant: Grant, form: URLSearchParams): Refusal | null {
  const account = world.accounts.find(grant.account);
  if (account?.provider !== "microsoft") return malformedGrant("refresh_token");
  if (account.isRevoked) return REFUSED_GRANTS[world.scenario.refusedGrant];
  const requested = (form.get("scope") ?? "").split(/\s+/).filter((scope) => scope !== "");
  return areGranted(requested, grant.scopes) ? null : REFUSED_GRANTS.consent;
}

/** A new refresh token comes with every access token, for those who may have one. */
function tokensOf(world: World, grant: Grant) {
  const hasRefresh = grant.scopes.includes("offline_access");
  return {
    token_type: "Bearer",
    scope: grant.scopes.filter((scope) => scope !== "offline_access").join(" "),
    expires_in: ACCESS_TOKEN_SECONDS,
    ext_expires_in: ACCESS_TOKEN_SECONDS,
    access_token: world.tokens.issueAccess(grant),
    ...(hasRefresh ? { refresh_token: world.tokens.issueRefresh(grant) } : {}),
  };
}

function refusalAnswer(world: World, { status = 400, error, number, message, suberror }: Refusal): Answer {
  const [traceId, correlationId] = [randomUUID(), randomUUID()];
  const timestamp = new Date(world.clock.now()).toISOString().slice(0, 19).replace("T", " ") + "Z";
  const description = `AADSTS${number}: ${message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  const body = {
    error,
    error_description: description,
    error_codes: [number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${number}`,
    ...(suberror === undefined ? {} : { suberror }),
  };
  return jsonAnswer(status, body, NO_STORE);
}
