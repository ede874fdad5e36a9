import type { calendar_v3 } from "googleapis/build/src/apis/calendar/index.js";
import { z } from "zod";
import { allPages } from "../all-pages.js";
import type { AccountCalendars, ListedCalendar } from "../consent.js";
import { providerFailure } from "../failure.js";
import { cleanText, isStorableText } from "../text.js";
import { googleFailure } from "./errors.js";
import type { GoogleConnection } from "./requests.js";

const request = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false } as const;

const entry = z.object({
  id: z.string().min(1),
  summary: z.string().optional(),
  summaryOverride: z.string().optional(),
  primary: z.boolean().optional(),
});
const page = z.object({ items: z.array(entry).optional(), nextPageToken: z.string().min(1).optional() });

/**
 * Every calendar of which the account may read events, also those that it hides in its list. The account's address is the id of its
 * primary calendar.
 * @throws ProviderFailure
 */
export async function listGoogleCalendars(
  api: calendar_v3.Calendar,
  connection: GoogleConnection,
  accessToken: string,
): Promise<AccountCalendars> {
  const entries = await allPages((pageToken) => readPage(api, connection, accessToken, pageToken));
  const primary = entries.find((one) => one.primary === true);
  if (!primary) throw providerFailure("MAILBOX_UNAVAILABLE"); // every account that has Google Calendar has one
  const calendars = entries.filter(({ id }) => isStorableText(id)).map(listed);
  return { addresses: [primary.id], calendars: calendars.sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary)) };
}

async function readPage(
  api: calendar_v3.Calendar,
  { apiUrl, fetch }: GoogleConnection,
  accessToken: string,
  pageToken: string | null,
): Promise<{ items: z.infer<typeof entry>[]; nextPage: string | null }> {
  try {
    const { data, status } = await api.calendarList.list(
      {
        minAccessRole: "reader",
        showHidden: true,
        maxResults: 250,
        fields: "items(id,summary,summaryOverride,primary),nextPageToken",
        ...(pageToken === null ? {} : { pageToken }),
      },
      { rootUrl: apiUrl, headers: { authorization: `Bearer ${accessToken}` }, fetchImplementation: fetch },
    );
    // A truncated answer comes as a success whose data is its text.
    const read = page.safeParse(data);
    if (!read.success) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
    return { items: read.data.items ?? [], nextPage: read.data.nextPageToken ?? null };
  } catch (error) {
    throw googleFailure(error, request);
  }
}

function listed({ id, summary, summaryOverride, primary = false }: z.infer<typeof entry>): ListedCalendar {
  return { id, name: cleanText(summaryOverride ?? summary ?? id), isPrimary: primary };
}
