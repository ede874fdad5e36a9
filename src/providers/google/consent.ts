import { CodeChallengeMethod, gaxios, OAuth2Client } from "google-auth-library";
import { calendar } from "googleapis/build/src/apis/calendar/index.js";
import { z } from "zod";
import type { CodeExchange, ConsentGrant, ConsentProvider, ConsentRequest } from "../consent.js";
import { providerFailure } from "../failure.js";
import type { ProviderHttp } from "../http.js";
import type { ProviderCall } from "../provider.js";
import { listGoogleCalendars } from "./calendar-list.js";
import { googleFailure } from "./errors.js";

export interface GoogleConsentOptions {
  /** Where users are asked, e.g. https://accounts.google.com/o/oauth2/v2/auth */
  authUrl: string;
  /** e.g. https://oauth2.googleapis.com/token; tokens are revoked beside it, at /revoke. */
  tokenUrl: string;
  /** Without the path `/calendar/v3`, e.g. https://www.googleapis.com/ */
  apiUrl: string;
  clientId: string;
  clientSecret: string;
  http: ProviderHttp;
}

/** The least that serves: events of the account's calendars, and the list of those calendars. */
const neededScopes = [
  "https://www.googleapis.com/auth/calendar.events",
  "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
] as const;

/** Google accounts, let in by their users. */
export function googleConsent(options: GoogleConsentOptions): ConsentProvider {
  const api = calendar({ version: "v3", retry: false });
  return {
    name: "GOOGLE",
    consentUrl: (request) => Promise.resolve(consentUrl(options, request)),
    exchangeCode: (exchange, call) => exchangeCode(options, exchange, call),
    isSufficient: (scopes) => neededScopes.every((scope) => scopes.includes(scope)),
    listCalendars: (accessToken, call) =>
      listGoogleCalendars(api, { apiUrl: options.apiUrl, fetch: options.http.fetchFor(call) }, accessToken),
    revoke: (refreshToken, call) => revoke(options, refreshToken, call),
  };
}

/** Without `prompt=consent` Google gives no refresh token to an application that the user has let in before. */
function consentUrl(options: GoogleConsentOptions, request: ConsentRequest): string {
  const { redirectUri, state, codeChallenge, loginHint } = request;
  return oauthClient(options).generateAuthUrl({
    access_type: "offline",
    prompt: "consent",
    include_granted_scopes: false,
    scope: [...neededScopes],
    redirect_uri: redirectUri,
    state,
    code_challenge: codeChallenge,
    code_challenge_method: CodeChallengeMethod.S256,
    ...(loginHint === null ? {} : { login_hint: loginHint }),
  });
}

const granted = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).nullish(),
  scope: z.string(),
});

async function exchangeCode(
  options: GoogleConsentOptions,
  { code, codeVerifier, redirectUri }: CodeExchange,
  call: ProviderCall,
): Promise<ConsentGrant> {
  try {
    const client = oauthClient(options, new SingleRequests(options.http.fetchFor(call)));
    const { tokens, res } = await client.getToken({ code, codeVerifier, redirect_uri: redirectUri });
    const read = granted.safeParse(tokens);
    if (!read.success) throw providerFailure("MALFORMED_ANSWER", { providerStatus: res?.status ?? null });
    const { access_token: accessToken, refresh_token: refreshToken = null, scope } = read.data;
    return { accessToken, refreshToken, scopes: scope.split(" ").filter((one) => one !== "") };
  } catch (error) {
    throw googleFailure(error, tokenRequest);
  }
}

const tokenRequest = { endpoint: "TOKEN", hasCursor: false, hasPageToken: false } as const;

/** In the form: the client's own method puts the token into the address, which others may log. */
async function revoke(
  { tokenUrl, http }: GoogleConsentOptions,
  refreshToken: string,
  call: ProviderCall,
): Promise<boolean> {
  try {
    await gaxios.request({
      url: new URL("revoke", tokenUrl).href,
      method: "POST",
      data: new URLSearchParams({ token: refreshToken }),
      retry: false,
      fetchImplementation: http.fetchFor(call),
    });
    return true;
  } catch (error) {
    throw googleFailure(error, tokenRequest);
  }
}

function oauthClient(
  { authUrl, tokenUrl, clientId, clientSecret }: GoogleConsentOptions,
  transporter?: gaxios.Gaxios,
): OAuth2Client {
  return new OAuth2Client({
    clientId,
    clientSecret,
    endpoints: { oauth2AuthBaseUrl: authUrl, oauth2TokenUrl: tokenUrl },
    ...(transporter ? { transporter } : {}),
  });
}

/** The client asks for repetitions of its token requests; a code that was used must not be sent again. */
class SingleRequests extends gaxios.Gaxios {
  constructor(private readonly send: typeof fetch) {
    super();
  }

  override request<T>(options: gaxios.GaxiosOptions = {}): gaxios.GaxiosPromise<T> {
    const once = { ...options, retry: false, fetchImplementation: this.send };
    delete once.retryConfig;
    return super.request<T>(once);
  }
}
