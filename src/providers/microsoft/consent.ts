import type { ConfidentialClientApplication } from "@azure/msal-node";
import { z } from "zod";
import type { CodeExchange, ConsentGrant, ConsentProvider, ConsentRequest } from "../consent.js";
import { providerFailure } from "../failure.js";
import { AuthorityRequests } from "./authority-requests.js";
import { listMicrosoftCalendars } from "./calendar-list.js";
import type { MicrosoftProviderOptions } from "./client.js";
import { microsoftFailure } from "./errors.js";
import { Graph } from "./graph.js";

/** The least that serves; MSAL adds `openid` and `profile`. */
const neededScopes = ["Calendars.ReadWrite", "offline_access", "User.Read"];

/** Microsoft accounts, of work or private, let in by their users. */
export function microsoftConsent(options: MicrosoftProviderOptions): ConsentProvider {
  return {
    name: "MICROSOFT",
    consentUrl: (request) => consentUrl(options, request),
    exchangeCode: (exchange, call) =>
      exchangeCode(options, exchange, new AuthorityRequests(options.http.fetchFor(call))),
    isSufficient: (scopes) => {
      const names = scopes.map(plainName);
      return names.includes("calendars.readwrite") && names.includes("user.read");
    },
    listCalendars: (accessToken, call) =>
      listMicrosoftCalendars(new Graph(options.apiUrl, options.http.fetchFor(call)), accessToken),
    // Microsoft can only sign a user out of everything; what this application may do, the user or an administrator takes back.
    revoke: () => Promise.resolve(false),
  };
}

/** That a refresh token was wanted shows in the refresh token alone: `offline_access` is not told among what was granted. */
function plainName(scope: string): string {
  return scope.replace(/^https:\/\/graph\.microsoft\.com\//i, "").toLowerCase();
}

async function consentUrl(options: MicrosoftProviderOptions, request: ConsentRequest): Promise<string> {
  const { redirectUri, state, codeChallenge, loginHint } = request;
  const client = await application(options);
  return client.getAuthCodeUrl({
    scopes: neededScopes,
    redirectUri,
    state,
    responseMode: "query",
    codeChallenge,
    codeChallengeMethod: "S256",
    ...(loginHint === null ? { prompt: "select_account" } : { loginHint }),
  });
}

async function exchangeCode(
  options: MicrosoftProviderOptions,
  { code, codeVerifier, redirectUri }: CodeExchange,
  requests: AuthorityRequests,
): Promise<ConsentGrant> {
  try {
    const client = await application(options, requests);
    const { accessToken, scopes } = await client.acquireTokenByCode({
      code,
      codeVerifier,
      redirectUri,
      scopes: neededScopes,
    });
    if (accessToken === "") throw providerFailure("MALFORMED_ANSWER");
    return { accessToken, scopes, refreshToken: refreshTokenIn(client) };
  } catch (error) {
    // MSAL's own errors repeat the answer's words; what was refused is known better by its transport.
    throw requests.failure ?? microsoftFailure(error);
  }
}

/**
 * A new client for each use: it remembers the tokens of everybody that it has asked for. MSAL demands an authority of https, and looks it up
 * at Microsoft unless it knows it; its endpoints are those of the login address, whatever that is.
 */
async function application(
  { loginUrl, tenant, clientId, clientSecret }: MicrosoftProviderOptions,
  networkClient?: AuthorityRequests,
): Promise<ConfidentialClientApplication> {
  const base = `${loginUrl.replace(/\/+$/, "")}/${encodeURIComponent(tenant)}`;
  const authorityMetadata = JSON.stringify({
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    issuer: `${loginUrl.replace(/\/+$/, "")}/{tenantid}/v2.0`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
  });
  const authority = `https://login.microsoftonline.com/${encodeURIComponent(tenant)}`;
  // Only connecting needs it, and loading it takes as long as all of undici and pg-boss.
  const msal = await import("@azure/msal-node");
  return new msal.ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority, authorityMetadata },
    system: { disableInternalRetries: true, ...(networkClient ? { networkClient } : {}) },
  });
}

const tokenCache = z.object({ RefreshToken: z.record(z.string(), z.object({ secret: z.string().min(1) })) });

/** MSAL keeps refresh tokens to itself; only its serialized cache tells them. */
function refreshTokenIn(client: ConfidentialClientApplication): string | null {
  const { RefreshToken: stored } = tokenCache.parse(JSON.parse(client.getTokenCache().serialize()));
  return Object.values(stored)[0]?.secret ?? null;
}
