import { gaxios } from "google-auth-library";
import { calendar, type calendar_v3 } from "googleapis/build/src/apis/calendar/index.js";
import { z } from "zod";
import type { RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import type { ProviderHttp } from "../http.js";
import type { AccessGrant, CalendarProvider, ChangePage, ListChangesRequest, ProviderCall } from "../provider.js";
import { googleFailure } from "./errors.js";
import { changePageOf, eventListFields } from "./events.js";

export interface GoogleProviderOptions {
  /** Without the path `/calendar/v3`, e.g. https://www.googleapis.com/ */
  apiUrl: string;
  /** e.g. https://oauth2.googleapis.com/token */
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  http: ProviderHttp;
}

/**
 * Equal in every request of a cursor's life, or its answers are undefined. Occurrences instead of series; no orderBy, with which
 * Google gives no cursor; showDeleted left out, since a cursor reports deletions anyway and a full round must list what exists.
 */
const listParameters = { singleEvents: true, maxResults: 2500, fields: eventListFields } as const;

const cursorFingerprint = Object.entries(listParameters)
  .map(([name, value]) => `${name}=${value}`)
  .join("&");

/** Google Calendar over its official client, which by itself would repeat requests: only the engine does. */
export function googleProvider(options: GoogleProviderOptions): CalendarProvider {
  const api = calendar({ version: "v3", retry: false });
  return {
    name: "GOOGLE",
    cursorFingerprint,
    refreshAccess: (refreshToken, call) => refreshAccess(options, refreshToken, call),
    listChanges: (request, call) => listChanges(api, options, request, call),
  };
}

async function listChanges(
  api: calendar_v3.Calendar,
  { apiUrl, http }: GoogleProviderOptions,
  request: ListChangesRequest,
  call: ProviderCall,
): Promise<ChangePage> {
  const asked = askedOf(request);
  try {
    const { data, status } = await api.events.list(parametersOf(request), {
      // Per request: as a global option it would drop a path of the address.
      rootUrl: apiUrl,
      headers: { authorization: `Bearer ${request.accessToken}` },
      fetchImplementation: http.fetchFor(call),
    });
    // A truncated answer comes as a success whose data is its text.
    const page = changePageOf(data);
    if (page === null) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
    return page;
  } catch (error) {
    throw googleFailure(error, asked);
  }
}

function askedOf({ range, pageToken }: ListChangesRequest): RefusedRequest {
  return { endpoint: "CALENDAR", hasCursor: "cursor" in range, hasPageToken: pageToken !== null };
}

function parametersOf({ calendarId, range, pageToken }: ListChangesRequest): calendar_v3.Params$Resource$Events$List {
  return {
    ...listParameters,
    calendarId,
    // A cursor keeps no window: Google refuses one beside it.
    ...("cursor" in range
      ? { syncToken: range.cursor }
      : { timeMin: wholeSecondBefore(range.windowStart), timeMax: wholeSecondFrom(range.windowEnd) }),
    ...(pageToken !== null && { pageToken }),
  };
}

/** Google ignores milliseconds, and events that end at timeMin: one of no length at the window's start would be missed. */
function wholeSecondBefore(time: Date): string {
  return new Date(Math.floor(time.getTime() / 1000) * 1000 - 1000).toISOString();
}

/** Google also leaves out what starts at timeMax: rounded down, it would miss the window's last part of a second. */
function wholeSecondFrom(time: Date): string {
  return new Date(Math.ceil(time.getTime() / 1000) * 1000).toISOString();
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
