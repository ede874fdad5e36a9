import { z } from "zod";
import { allPages } from "../all-pages.js";
import type { AccountCalendars, ListedCalendar } from "../consent.js";
import { providerFailure } from "../failure.js";
import { cleanText, isStorableText } from "../text.js";
import type { Graph, GraphAnswer } from "./graph.js";

const request = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false } as const;

const user = z.object({ mail: z.string().min(1).nullish(), userPrincipalName: z.string().min(1) });
const entry = z.object({
  id: z.string().min(1),
  name: z.string().nullish(),
  isDefaultCalendar: z.boolean().nullish(),
});
const page = z.object({ value: z.array(entry), "@odata.nextLink": z.string().optional() });

/**
 * Every calendar of the account's mailbox. The account's address is its mail address, where it has one; it is known by its principal name
 * too.
 * @throws ProviderFailure
 */
export async function listMicrosoftCalendars(graph: Graph, accessToken: string): Promise<AccountCalendars> {
  const { mail, userPrincipalName } = read(
    user,
    await graph.get("me?$select=mail,userPrincipalName", accessToken, request),
  );
  const entries = await allPages((path) => readPage(graph, path ?? "me/calendars?$top=100", accessToken));
  const calendars = entries.filter(({ id }) => isStorableText(id)).map(listed);
  return {
    addresses: [mail ?? userPrincipalName, userPrincipalName],
    calendars: calendars.sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary)),
  };
}

async function readPage(
  graph: Graph,
  path: string,
  accessToken: string,
): Promise<{ items: z.infer<typeof entry>[]; nextPage: string | null }> {
  const { value, "@odata.nextLink": link } = read(page, await graph.get(path, accessToken, request));
  if (link === undefined) return { items: value, nextPage: null };
  const nextPage = graph.pathOf(link);
  if (nextPage === null) throw providerFailure("MALFORMED_ANSWER");
  return { items: value, nextPage };
}

function read<Shape>(schema: z.ZodType<Shape>, { body, status }: GraphAnswer): Shape {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
  return parsed.data;
}

function listed({ id, name, isDefaultCalendar }: z.infer<typeof entry>): ListedCalendar {
  return { id, name: cleanText(name ?? id), isPrimary: isDefaultCalendar ?? false };
}
