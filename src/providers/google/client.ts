import { gaxios } from "google-auth-library";
import { calendar } from "googleapis/build/src/apis/calendar/index.js";
import { z } from "zod";
import { providerFailure } from "../failure.js";
import type { ProviderHttp } from "../http.js";
import type { AccessGrant, CalendarProvider, ProviderCall } from "../provider.js";
import { cursorFingerprint, GoogleCalendar } from "./calendar.js";
import { googleFailure } from "./errors.js";
import { googleQuotas } from "./quotas.js";
import { GoogleRequests } from "./requests.js";

export interface GoogleProviderOptions {
  /** Without the path `/calendar/v3`, e.g. https://www.googleapis.com/ */
  apiUrl: string;
  /** e.g. https://oauth2.googleapis.com/token */
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  http: ProviderHttp;
}

/** Google Calendar over its official client, which by itself would repeat requests: only the engine does. */
export function googleProvider(options: GoogleProviderOptions): CalendarProvider {
  const api = calendar({ version: "v3", retry: false });
  return {
    name: "GOOGLE",
    cursorFingerprint,
    isCursorBoundToWindow: false,
    quotas: googleQuotas,
    refreshAccess: (refreshToken, call) => refreshAccess(options, refreshToken, call),
    openCalendar: (calendarId, call) =>
      new GoogleCalendar(
        new GoogleRequests(api, { apiUrl: options.apiUrl, fetch: options.http.fetchFor(call) }, calendarId),
      ),
  };
}

const grant = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  refresh_token: z.string().min(1).nullish(),
});

/**
 * Over the client's transport, not its OAuth2Client: that one repeats refused requests, mistakes a web page for tokens and loses
 * a rotated refresh token.
 */
async function refreshAccess(
  { tokenUrl, clientId, clientSecret, http }: GoogleProviderOptions,
  refreshToken: string,
  call: ProviderCall,
): Promise<AccessGrant> {
  const form = {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: clientId,
    client_secret: clientSecret,
  };
  try {
    const { data, status } = await gaxios.request({
      url: tokenUrl,
      method: "POST",
      data: new URLSearchParams(form),
      retry: false,
      fetchImplementation: http.fetchFor(call),
    });
    const granted = grant.safeParse(data);
    if (!granted.success) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
    const { access_token: accessToken, expires_in: expiresInSeconds, refresh_token: rotated } = granted.data;
    return { accessToken, expiresInSeconds, refreshToken: rotated ?? null };
  } catch (error) {
    throw googleFailure(error, { endpoint: "TOKEN", hasCursor: false, hasPageToken: false });
  }
}
