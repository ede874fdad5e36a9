import { z } from "zod";
import type { RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import type { ProviderHttp } from "../http.js";
import type { AccessGrant, CalendarProvider, ProviderCall } from "../provider.js";
import { CalendarReads } from "./calendar-reads.js";
import { cursorFingerprint, MicrosoftCalendar } from "./calendar.js";
import { microsoftFailure, refusalOf } from "./errors.js";
import { Graph, jsonOf } from "./graph.js";
import { microsoftQuotas } from "./quotas.js";

export interface MicrosoftProviderOptions {
  /** With or without `v1.0`, e.g. https://graph.microsoft.com */
  apiUrl: string;
  /** Without the tenant, e.g. https://login.microsoftonline.com */
  loginUrl: string;
  /** A tenant's id or domain, or `common`, `organizations`, `consumers`. */
  tenant: string;
  clientId: string;
  clientSecret: string;
  http: ProviderHttp;
}

/** Outlook calendars over Microsoft Graph's official client, without the handlers by which it would repeat requests: only the engine does. */
export function microsoftProvider(options: MicrosoftProviderOptions): CalendarProvider {
  return {
    name: "MICROSOFT",
    cursorFingerprint,
    isCursorBoundToWindow: true,
    quotas: microsoftQuotas,
    refreshAccess: (refreshToken, call) => refreshAccess(options, refreshToken, call),
    openCalendar: (calendarId, call) => {
      const graph = new Graph(options.apiUrl, options.http.fetchFor(call));
      return new MicrosoftCalendar(graph, new CalendarReads(graph, calendarId));
    },
  };
}

const tokenRequest: RefusedRequest = { endpoint: "TOKEN", hasCursor: false, hasPageToken: false };

const grant = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  refresh_token: z.string().min(1).nullish(),
});

/** Microsoft gives a new refresh token each time. Without a scope it grants what was agreed to before. */
async function refreshAccess(
  { loginUrl, tenant, clientId, clientSecret, http }: MicrosoftProviderOptions,
  refreshToken: string,
  call: ProviderCall,
): Promise<AccessGrant> {
  const form = {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: clientId,
    client_secret: clientSecret,
  };
  const base = loginUrl.endsWith("/") ? loginUrl : `${loginUrl}/`;
  try {
    const response = await http.fetchFor(call)(`${base}${encodeURIComponent(tenant)}/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    if (!response.ok) throw await refusalOf(response, tokenRequest);
    const granted = grant.safeParse(await jsonOf(response));
    if (!granted.success) throw providerFailure("MALFORMED_ANSWER", { providerStatus: response.status });
    const { access_token: accessToken, expires_in: expiresInSeconds, refresh_token: rotated } = granted.data;
    return { accessToken, expiresInSeconds, refreshToken: rotated ?? null };
  } catch (error) {
    throw microsoftFailure(error);
  }
}
