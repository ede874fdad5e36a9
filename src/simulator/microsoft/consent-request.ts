import { challengeMethod, isWellFormed } from "../consent/code-challenge.js";
import type { CodeChallenge } from "../consent/code-challenge.js";
import { errorPage } from "../consent/page.js";
import { isKnownClient, isRegistered, RefusedRequest, words } from "../consent/request.js";
import type { AuthorizationRequest } from "../consent/request.js";
import type { World } from "../world.js";
import { describedRefusal, missingParameter, unknownApplication } from "./aadsts.js";
import type { Refusal } from "./aadsts.js";
import { refusalTo } from "./return-address.js";
import type { ReturnAddress } from "./return-address.js";
import { isScope } from "./scopes.js";

const PROMPTS = ["login", "none", "consent", "select_account", "create"];

export interface MicrosoftRequest extends AuthorizationRequest, ReturnAddress {
  wantsClientInfo: boolean;
}

/** What an application asks of the consent page. Throws RefusedRequest. */
export function readRequest(world: World, query: URLSearchParams): MicrosoftRequest {
  const clientId = query.get("client_id") ?? "";
  if (clientId === "") throw shown(world, missingParameter("client_id"));
  if (!isKnownClient(world, clientId)) throw shown(world, unknownApplication(clientId));
  const address = readAddress(world, query, clientId);
  const refuse = (refusal: Refusal) => told(world, address, refusal);
  const responseType = query.get("response_type");
  if (responseType === null) throw refuse(missingParameter("response_type"));
  if (responseType !== "code") throw refuse(unsupportedResponseType(responseType));
  return {
    ...address,
    clientId,
    scopes: readScopes(query, refuse),
    prompts: readPrompts(query, refuse),
    codeChallenge: readChallenge(query, refuse),
    loginHint: query.get("login_hint"),
    domain: query.get("domain_hint"),
    nonce: query.get("nonce"),
    wantsClientInfo: query.get("client_info") === "1",
  };
}

function readAddress(world: World, query: URLSearchParams, clientId: string): ReturnAddress {
  const redirectUri = query.get("redirect_uri") ?? "";
  if (redirectUri === "") throw shown(world, missingParameter("redirect_uri"));
  if (!isRegistered(world, clientId, redirectUri, isSameAddress))
    throw shown(world, foreignAddress(clientId, redirectUri));
  const state = query.get("state");
  const mode = query.get("response_mode") ?? "query";
  if (mode === "query" || mode === "fragment" || mode === "form_post") return { redirectUri, mode, state };
  throw told(world, { redirectUri, state, mode: "query" }, unsupportedMode(mode));
}

/** The port of an address on the user's own machine is not compared. */
function isSameAddress(registered: string, asked: string): boolean {
  const [one, other] = [URL.parse(registered), URL.parse(asked)];
  if (one?.hostname === "localhost" || one?.hostname === "127.0.0.1") one.port = other?.port ?? "";
  return registered === asked || (one !== null && one.href === other?.href);
}

type Refuse = (refusal: Refusal) => RefusedRequest;

function readScopes(query: URLSearchParams, refuse: Refuse): string[] {
  const scopes = words(query.get("scope"));
  if (scopes.length === 0) throw refuse(missingParameter("scope"));
  const unknown = scopes.find((scope) => !isScope(scope));
  if (unknown === undefined) return [...new Set(scopes)];
  const message = `The provided value for the input parameter 'scope' is not valid. The scope '${unknown}' does not exist.`;
  throw refuse({ error: "invalid_scope", number: 70011, message });
}

function readPrompts(query: URLSearchParams, refuse: Refuse): string[] {
  const prompts = words(query.get("prompt"));
  if (prompts.length <= 1 && prompts.every((prompt) => PROMPTS.includes(prompt))) return prompts;
  throw refuse({
    error: "invalid_request",
    number: 90023,
    message: `Unsupported 'prompt' value '${prompts.join(" ")}'.`,
  });
}

function readChallenge(query: URLSearchParams, refuse: Refuse): CodeChallenge | null {
  const value = query.get("code_challenge");
  const method = challengeMethod(query.get("code_challenge_method"));
  const error = "invalid_request";
  if (method === null) throw refuse({ error, number: 50149, message: "Invalid Code_Challenge_method parameter." });
  if (value === null) return null;
  if (!isWellFormed(value))
    throw refuse({ error, number: 501491, message: "Invalid size of Code_Challenge parameter." });
  return { value, method };
}

function unsupportedResponseType(type: string): Refusal {
  const message = `response_type '${type}' is not enabled for the application.`;
  return { error: "unsupported_response_type", number: 700054, message };
}

function unsupportedMode(mode: string): Refusal {
  const message = `'${mode}' is not a supported value of 'response_mode' when requesting a code.`;
  return { error: "invalid_request", number: 70007, message };
}

function foreignAddress(clientId: string, redirectUri: string): Refusal {
  const message = `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${clientId}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.`;
  return { error: "invalid_request", number: 50011, message };
}

function shown(world: World, refusal: Refusal): RefusedRequest {
  const { description } = describedRefusal(world, refusal);
  return new RefusedRequest(
    errorPage("microsoft", { title: "Sorry, but we’re having trouble signing you in.", text: description }),
  );
}

function told(world: World, address: ReturnAddress, refusal: Refusal): RefusedRequest {
  return new RefusedRequest(refusalTo(world, address, refusal));
}
