import type { Answer } from "../answer.js";
import type { World } from "../world.js";
import type { CodeChallenge } from "./code-challenge.js";

/** What an application asks for, once it is known to be well-formed. */
export interface AuthorizationRequest {
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  prompts: readonly string[];
  loginHint: string | null;
  /** Only accounts of this domain are to be chosen from. */
  domain: string | null;
  nonce: string | null;
  codeChallenge: CodeChallenge | null;
}

/** An authorization request that is not carried out; `answer` says so to the user or, by a redirect, to the application. */
export class RefusedRequest extends Error {
  override name = "RefusedRequest";

  constructor(readonly answer: Answer) {
    super("The authorization request was refused");
  }
}

export function isKnownClient(world: World, clientId: string): boolean {
  return world.oauthClients?.some((client) => client.clientId === clientId) ?? true;
}

/** Whether an application may be led back to an address: a registered one, or any web address where it registered none. */
export function isRegistered(world: World, clientId: string, redirectUri: string, isSame = isSameText): boolean {
  const registered = world.oauthClients?.find((client) => client.clientId === clientId)?.redirectUris;
  if (registered) return registered.some((uri) => isSame(uri, redirectUri));
  return /^https?:$/.test(URL.parse(redirectUri)?.protocol ?? "");
}

function isSameText(one: string, other: string): boolean {
  return one === other;
}

/** The words of a parameter, such as scopes. */
export function words(text: string | null): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}
