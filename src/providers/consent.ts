/** The port between connecting calendars and a provider: how its user lets this server in, and what that brings. */

import type { ProviderCall, ProviderName } from "./provider.js";

export interface ConsentRequest {
  /** Where the provider sends the browser back to; the code's exchange must name the same one. */
  redirectUri: string;
  /** Comes back with the code. */
  state: string;
  /** Of PKCE, method S256: base64url of the verifier's SHA-256. */
  codeChallenge: string;
  /** The account that is meant; null lets the user choose. */
  loginHint: string | null;
}

export interface CodeExchange {
  code: string;
  codeVerifier: string;
  redirectUri: string;
}

export interface ConsentGrant {
  accessToken: string;
  /** Null where the provider gave none: then access would end with the access token. */
  refreshToken: string | null;
  /** As granted, in the provider's spelling; the user may have left some out. */
  scopes: readonly string[];
}

/** A calendar that the account may read, as the provider names it. */
export interface ListedCalendar {
  id: string;
  name: string;
  /** The account's main one. */
  isPrimary: boolean;
}

export interface AccountCalendars {
  /** By which the provider knows the account; the first one is what it is shown as. */
  addresses: readonly [string, ...string[]];
  calendars: readonly ListedCalendar[];
}

/** How calendars of one provider are connected. Requests go out once each; what fails throws ProviderFailure, nothing else. */
export interface ConsentProvider {
  readonly name: ProviderName;
  /** Where the user is asked. Makes no request. */
  consentUrl(request: ConsentRequest): Promise<string>;
  exchangeCode(exchange: CodeExchange, call: ProviderCall): Promise<ConsentGrant>;
  /** Whether everything was granted that reading and writing events, and listing calendars, needs. */
  isSufficient(scopes: readonly string[]): boolean;
  /** All that the account may read, over all pages, the primary one first. */
  listCalendars(accessToken: string, call: ProviderCall): Promise<AccountCalendars>;
  /** Takes back what the refresh token stands for. False where the provider has no way to do that for one application alone. */
  revoke(refreshToken: string, call: ProviderCall): Promise<boolean>;
}
