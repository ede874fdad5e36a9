import type { Account, CalendarEntry } from "../accounts.js";
import { findCalendar } from "../accounts.js";
import type { AccessRole, SimulatedCalendar } from "../calendar.js";
import { fullSyncRequired, GoogleError, invalidValue, notFound } from "./google-error.js";
import { decodeToken, encodeToken, fingerprint } from "./opaque-token.js";
import type { QueryParameters } from "./query-parameters.js";

const ROLES: readonly AccessRole[] = ["freeBusyReader", "reader", "writer", "owner"];

/** The calendar a path names, `primary` included. Throws GoogleError 404. */
export function calendarOf(account: Account, id: string): SimulatedCalendar {
  const calendar = findCalendar(account, id);
  if (!calendar) throw notFound();
  return calendar;
}

/** The body of `calendars.get`. */
export function calendarBody({ description }: SimulatedCalendar) {
  const { id, name, timeZone, incarnation } = description;
  return {
    kind: "calendar#calendar",
    etag: `"${incarnation}"`,
    id,
    summary: name,
    ...(description.description === undefined ? {} : { description: description.description }),
    timeZone,
    conferenceProperties: { allowedConferenceSolutionTypes: ["hangoutsMeet"] },
  };
}

/** The body of `calendarList.list`: all entries, or the changes since a sync token; one page of it. Throws GoogleError. */
export function calendarListBody(account: Account, parameters: QueryParameters) {
  const query = readQuery(parameters);
  const list = `calendarList:${account.email}`;
  const since = query.syncToken === null ? null : sinceOf(query.syncToken, list, account);
  const start = query.pageToken === null ? { place: 0, until: account.listSeq } : startOf(query, list);
  const entries = entriesFrom(account, query, since, start.place);
  const shown = entries.slice(0, query.maxResults);
  const position = { place: shown.at(-1)?.seq ?? 0, until: start.until, page: 0 };
  const token =
    entries.length > shown.length
      ? { nextPageToken: encodeToken({ kind: "page", list, parameters: pagingParameters(query), ...position }) }
      : { nextSyncToken: encodeToken({ kind: "sync", list, seq: start.until, parameters: "" }) };
  const items = shown.map((entry) => entryResource(account, entry));
  return { kind: "calendar#calendarList", etag: `"p${1_000_000 + account.listSeq}g"`, items, ...token };
}

type CalendarListQuery = ReturnType<typeof readQuery>;

function readQuery(parameters: QueryParameters) {
  const query = {
    minAccessRole: parameters.choice("minAccessRole", ROLES),
    showDeleted: parameters.boolean("showDeleted"),
    showHidden: parameters.boolean("showHidden"),
    maxResults: parameters.pageSize(100, 250),
    pageToken: parameters.text("pageToken"),
    syncToken: parameters.text("syncToken"),
  };
  const isNarrowed = query.minAccessRole !== null || query.showDeleted === false || query.showHidden === false;
  if (query.syncToken !== null && isNarrowed) {
    const message = "Sync token cannot be used with minAccessRole, showDeleted=false or showHidden=false.";
    throw new GoogleError({ status: 400, reason: "badRequest", message });
  }
  return query;
}

function pagingParameters(query: CalendarListQuery): string {
  return fingerprint({ ...query, maxResults: null, pageToken: null });
}

function sinceOf(text: string, list: string, account: Account): number {
  const token = decodeToken(text);
  if (token?.kind !== "sync") throw invalidValue("syncToken");
  if (token.list !== list || token.seq < account.listPrunedSeq || token.seq > account.listSeq) throw fullSyncRequired();
  return token.seq;
}

function startOf(query: CalendarListQuery, list: string): { place: number; until: number } {
  const token = decodeToken(query.pageToken ?? "");
  if (token?.kind !== "page" || token.list !== list || token.parameters !== pagingParameters(query))
    throw invalidValue("pageToken");
  return token;
}

function entriesFrom(account: Account, query: CalendarListQuery, since: number | null, after: number): CalendarEntry[] {
  const least = query.minAccessRole === null ? 0 : ROLES.indexOf(query.minAccessRole);
  const showsRemoved = since !== null || query.showDeleted === true;
  return [...account.entries.values()]
    .filter((entry) => entry.seq > Math.max(after, since ?? 0) && (showsRemoved || !entry.isRemoved))
    .filter((entry) => ROLES.indexOf(entry.calendar.description.accessRole) >= least)
    .sort((a, b) => a.seq - b.seq);
}

function entryResource(account: Account, { calendar, seq, isRemoved }: CalendarEntry) {
  const { id, name, description, timeZone, accessRole } = calendar.description;
  return {
    kind: "calendar#calendarListEntry",
    etag: `"${1_500_000_000_000_000 + seq}"`,
    id,
    summary: name,
    ...(description === undefined ? {} : { description }),
    timeZone,
    colorId: "14",
    backgroundColor: "#9fe1e7",
    foregroundColor: "#000000",
    ...(isRemoved ? { deleted: true } : { selected: true }),
    accessRole,
    defaultReminders: [],
    ...(id === account.email ? { primary: true } : {}),
    conferenceProperties: { allowedConferenceSolutionTypes: ["hangoutsMeet"] },
  };
}
