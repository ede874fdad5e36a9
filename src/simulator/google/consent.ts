import type { Account } from "../accounts.js";
import type { Answer, IncomingRequest } from "../answer.js";
import { challengeMethod, isWellFormed } from "../consent/code-challenge.js";
import type { CodeChallenge } from "../consent/code-challenge.js";
import { alreadyAllowed, decisionOf, giveAccessAgain } from "../consent/decision.js";
import { errorPage } from "../consent/page.js";
import { redirectTo } from "../consent/redirect.js";
import { isKnownClient, isRegistered, RefusedRequest, words } from "../consent/request.js";
import type { AuthorizationRequest } from "../consent/request.js";
import type { World } from "../world.js";
import { grantedName, isCalendarScope, meaningOf } from "./scopes.js";

/** Who issues Google's identity tokens and answers authorization requests. */
export const GOOGLE_ISSUER = "https://accounts.google.com";

const PROMPTS = ["none", "consent", "select_account"];

interface GoogleRequest extends AuthorizationRequest {
  isOffline: boolean;
  /** What was allowed before is granted again with it. */
  includesGranted: boolean;
  state: string | null;
}

/**
 * `GET /google/o/oauth2/v2/auth` asks the user for consent, and a `POST` of the page's form answers. Google tells the application only
 * of what users decide: every fault of the request is shown to the user instead.
 */
export function authorizeAnswer(world: World, request: IncomingRequest): Answer {
  try {
    const asked = readRequest(world, request.url.searchParams);
    if (asked.prompts.includes("none")) return silentAnswer(world, asked);
    const scopes = asked.scopes.map((scope) => ({
      ...{ scope, meaning: meaningOf(scope) ?? scope },
      isOptional: isCalendarScope(scope),
    }));
    const decision = decisionOf(world, request, asked, { provider: "google", scopes });
    if ("status" in decision) return decision;
    if (!decision.isAllowed) return denied(asked);
    const granted = asked.scopes.filter((scope) => !isCalendarScope(scope) || decision.ticked.has(scope));
    return granted.length === 0 ? denied(asked) : allowed(world, asked, decision.account, granted);
  } catch (error) {
    if (error instanceof RefusedRequest) return error.answer;
    throw error;
  }
}

function readRequest(world: World, query: URLSearchParams): GoogleRequest {
  const clientId = required(query, "client_id");
  if (!isKnownClient(world, clientId)) {
    throw refused("The OAuth client was not found.", "invalid_client", 401);
  }
  const redirectUri = required(query, "redirect_uri");
  if (!isRegistered(world, clientId, redirectUri)) {
    throw refused(
      `The redirect URI in the request, ${redirectUri}, does not match the ones authorized for the OAuth client.`,
      "redirect_uri_mismatch",
    );
  }
  if (required(query, "response_type") !== "code") {
    throw refused(`Invalid response_type: ${query.get("response_type") ?? ""}`, "unsupported_response_type");
  }
  return {
    clientId,
    redirectUri,
    scopes: readScopes(query),
    prompts: readPrompts(query),
    isOffline: choice(query, "access_type", ["online", "offline"]) === "offline",
    includesGranted: choice(query, "include_granted_scopes", ["false", "true"]) === "true",
    loginHint: query.get("login_hint"),
    domain: query.get("hd"),
    nonce: query.get("nonce"),
    state: query.get("state"),
    codeChallenge: readChallenge(query),
  };
}

function readScopes(query: URLSearchParams): string[] {
  required(query, "scope");
  const scopes = words(query.get("scope")).map(grantedName);
  const [valid, invalid] = [
    scopes.filter((scope) => meaningOf(scope) !== null),
    scopes.filter((scope) => meaningOf(scope) === null),
  ];
  if (invalid.length > 0) {
    throw refused(
      `Some requested scopes were invalid. {valid=[${valid.join(", ")}], invalid=[${invalid.join(", ")}]}`,
      "invalid_scope",
    );
  }
  return [...new Set(scopes)];
}

function readPrompts(query: URLSearchParams): string[] {
  const prompts = words(query.get("prompt"));
  const isWrong =
    prompts.some((prompt) => !PROMPTS.includes(prompt)) || (prompts.includes("none") && prompts.length > 1);
  if (isWrong) throw invalidParameter("prompt", prompts.join(" "));
  return prompts;
}

function readChallenge(query: URLSearchParams): CodeChallenge | null {
  const value = query.get("code_challenge");
  const method = challengeMethod(query.get("code_challenge_method"));
  if (method === null) throw invalidParameter("code_challenge_method", query.get("code_challenge_method"));
  if (value === null) return null;
  if (!isWellFormed(value)) throw invalidParameter("code_challenge", value);
  return { value, method };
}

function required(query: URLSearchParams, name: string): string {
  const value = query.get(name) ?? "";
  if (value === "") throw refused(`Required parameter is missing: ${name}`, "invalid_request");
  return value;
}

/** The first choice is what is meant where none is named. */
function choice(query: URLSearchParams, name: string, choices: readonly string[]): string | undefined {
  const value = query.get(name);
  if (value !== null && !choices.includes(value)) throw invalidParameter(name, value);
  return value ?? choices[0];
}

function invalidParameter(name: string, value: string | null): RefusedRequest {
  return refused(`Invalid parameter value for ${name}: ${value ?? ""}`, "invalid_request");
}

function refused(text: string, error: string, status = 400): RefusedRequest {
  const title =
    error === "invalid_client"
      ? "Access blocked: Authorization Error"
      : "Access blocked: This app’s request is invalid";
  return new RefusedRequest(errorPage("google", { status, title, text: `${text} Error ${status}: ${error}` }));
}

function silentAnswer(world: World, asked: GoogleRequest): Answer {
  const account = alreadyAllowed(world, "google", asked);
  if (account) return allowed(world, asked, account, asked.scopes);
  const error = asked.loginHint === null ? "login_required" : "consent_required";
  return redirectTo(asked.redirectUri, { error, state: asked.state });
}

function denied({ redirectUri, state }: GoogleRequest): Answer {
  return redirectTo(redirectUri, { error: "access_denied", state });
}

function allowed(world: World, asked: GoogleRequest, account: Account, ticked: readonly string[]): Answer {
  giveAccessAgain(world, account);
  const { clientId, redirectUri, nonce, state, codeChallenge, isOffline, prompts } = asked;
  const before = world.consents.find(account.email, clientId);
  const scopes = [...new Set([...(asked.includesGranted ? (before?.scopes ?? []) : []), ...ticked])];
  const isAskedAnew = prompts.includes("consent") || ticked.some((scope) => !before?.scopes.includes(scope));
  const hasRefreshToken = isOffline && (isAskedAnew || before?.isOffline !== true);
  world.consents.add({ account: account.email, clientId, scopes, isOffline });
  const code = world.codes.issue({
    ...{ account: account.email, clientId, scopes, redirectUri, hasRefreshToken },
    ...(codeChallenge ? { codeChallenge } : {}),
    ...(nonce === null ? {} : { nonce }),
  });
  const prompt = prompts[0] ?? (isAskedAnew ? "consent" : "none");
  const answer = { state, iss: GOOGLE_ISSUER, code, scope: scopes.join(" "), authuser: "0", prompt };
  return redirectTo(redirectUri, answer);
}
