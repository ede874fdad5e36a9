import type { ProviderName } from "../../src/providers/provider.js";
import type { Simulator } from "../../src/simulator/simulator.js";

/** How the pages of a provider's change lists are written. */
export interface PageShape {
  /** Found in the address of every request for a page of changes. */
  listPath: string;
  /** Found in that of a request from a cursor, or from a page. */
  cursorPath: string;
  pagePath: string;
  /** The name of the list of events. */
  items: "items" | "value";
  /** The entry by which a page names the next one. */
  next(simulator: Simulator, token: string): Record<string, string>;
  /** The entry by which the last page gives a cursor. */
  last(simulator: Simulator, token: string): Record<string, string>;
  /** What the provider refuses with. */
  refusal(reason: string, status: number): object;
}

export const pageShapes: Readonly<Record<ProviderName, PageShape>> = {
  GOOGLE: {
    listPath: "/events",
    cursorPath: "syncToken=",
    pagePath: "pageToken=",
    items: "items",
    next: (_simulator, token) => ({ nextPageToken: token }),
    last: (_simulator, token) => ({ nextSyncToken: token }),
    refusal: (reason, status) => ({
      error: { code: status, message: reason, errors: [{ domain: "calendar", reason }] },
    }),
  },
  MICROSOFT: {
    listPath: "/calendarView/delta",
    cursorPath: "deltatoken=",
    pagePath: "skiptoken=",
    items: "value",
    next: ({ microsoftApiUrl }, token) => ({
      "@odata.nextLink": `${microsoftApiUrl}/me/calendarView/delta?$skiptoken=${token}`,
    }),
    last: ({ microsoftApiUrl }, token) => ({
      "@odata.deltaLink": `${microsoftApiUrl}/me/calendarView/delta?$deltatoken=${token}`,
    }),
    refusal: (code) => ({ error: { code, message: code, innerError: null } }),
  },
};

/** A page of changes from a cursor, asked for like every client of the account may. */
export async function realPage(
  simulator: Simulator,
  provider: ProviderName,
  account: string,
  cursor: string,
): Promise<Record<string, unknown>> {
  const url =
    provider === "GOOGLE"
      ? `${simulator.googleApiUrl}calendar/v3/calendars/primary/events?singleEvents=true&syncToken=${encodeURIComponent(cursor)}`
      : `${simulator.microsoftApiUrl}/${cursor}`;
  const authorization = `Bearer ${simulator.control.issueAccessToken(account)}`;
  const answer = await fetch(url, { headers: { authorization, prefer: 'IdType="ImmutableId"' } });
  if (!answer.ok) throw new Error(`a page was refused with ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}
