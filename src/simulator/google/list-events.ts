import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import { itemSource, itemTimes, walkItems } from "../walk.js";
import type { Item, Walk, WalkPosition } from "../walk.js";
import type { World } from "../world.js";
import { eventResource } from "./event-resource.js";
import { fullSyncRequired, invalidValue } from "./google-error.js";
import { itemFilter } from "./item-filter.js";
import { lastingParameters, pagingParameters } from "./list-query.js";
import type { ListQuery } from "./list-query.js";
import { decodeToken, encodeToken } from "./opaque-token.js";
import { takePage } from "../page.js";
import type { ListedItem, PageStart } from "../page.js";

/** The body of `events.list`: a full list, or the changes since a sync token; one page of it. Throws GoogleError. */
export function eventsList(world: World, account: Account, calendar: SimulatedCalendar, query: ListQuery) {
  const list = listIdentity(account, calendar);
  const since = query.syncToken === null ? null : sinceOf(query, query.syncToken, list, calendar);
  const start = query.pageToken === null ? firstPage(calendar, since) : startOf(query, query.pageToken, list);
  const page = takePage(listedItems(world, calendar, query, since, start), query.maxResults, start, world.scenario);
  const options = { timeZone: query.timeZone ?? calendar.description.timeZone, maxAttendees: query.maxAttendees };
  const items = page.items.map((item) => eventResource(calendar, item, options));
  const token = page.next
    ? { nextPageToken: encodeToken({ kind: "page", list, parameters: pagingParameters(query), ...page.next }) }
    : syncTokenOf(world, query, list, start.until);
  return { ...listHead(calendar, query), items, ...token };
}

/** The fields of a list that stand before its items. */
export function listHead(calendar: SimulatedCalendar, query: { timeZone: string | null }) {
  const { name, description, timeZone, accessRole } = calendar.description;
  return {
    kind: "calendar#events",
    etag: `"p${1_000_000 + calendar.seq}g"`,
    summary: name,
    description: description ?? "",
    updated: new Date(calendar.updatedAt).toISOString(),
    timeZone: query.timeZone ?? timeZone,
    accessRole,
    defaultReminders: accessRole === "owner" ? [{ method: "popup", minutes: 10 }] : [],
  };
}

function listIdentity(account: Account, calendar: SimulatedCalendar): string {
  return `${account.email}/${calendar.description.id}/${calendar.description.incarnation}`;
}

function firstPage(calendar: SimulatedCalendar, since: number | null): PageStart {
  return { place: since === null ? 0 : since + 1, told: 0, until: calendar.seq, page: 0 };
}

function sinceOf(query: ListQuery, text: string, list: string, calendar: SimulatedCalendar): number {
  const token = decodeToken(text);
  if (token?.kind !== "sync") throw invalidValue("syncToken");
  const isCurrent = token.list === list && token.seq >= calendar.prunedSeq && token.seq <= calendar.seq;
  if (!isCurrent || token.parameters !== lastingParameters(query)) throw fullSyncRequired();
  return token.seq;
}

function startOf(query: ListQuery, text: string, list: string): PageStart {
  const token = decodeToken(text);
  if (token?.kind !== "page" || token.list !== list || token.parameters !== pagingParameters(query))
    throw invalidValue("pageToken");
  const { place, told, until, page } = token;
  return { place, told, until, page };
}

function syncTokenOf(world: World, query: ListQuery, list: string, seq: number) {
  if (query.orderBy !== null || world.scenario.isWithoutSyncToken) return {};
  return { nextSyncToken: encodeToken({ kind: "sync", list, seq, parameters: lastingParameters(query) }) };
}

function listedItems(
  world: World,
  calendar: SimulatedCalendar,
  query: ListQuery,
  since: number | null,
  start: PageStart,
): Iterable<ListedItem<Item>> {
  const hasRange = query.timeMin !== null || query.timeMax !== null;
  const walk: Walk = {
    isExpanded: query.isExpanded,
    range: hasRange ? { from: query.timeMin ?? -Infinity, to: query.timeMax ?? Infinity } : null,
    changes: since === null ? null : { since, until: start.until },
  };
  if (query.orderBy !== null) return orderedItems(world, calendar, query, walk, start);
  return filteredItems(world, calendar, query, walk, start);
}

function* filteredItems(
  world: World,
  calendar: SimulatedCalendar,
  query: ListQuery,
  walk: Walk,
  from: WalkPosition,
): Generator<ListedItem<Item>> {
  const fits = itemFilter(calendar, query);
  for (const { item, next } of walkItems(calendar, walk, from)) {
    const told = world.scenario.deletedSeries === "series" ? asSeries(item, walk) : item;
    if (told && fits(told)) yield { item: told, next };
  }
}

/** Stands a deleted series for all its instances; null for all but the first of them. */
function asSeries(item: Item, walk: Walk): Item | null {
  if (item.kind !== "former" || item.series.status !== "cancelled") return item;
  const since = walk.changes?.since ?? -1;
  const first = [...item.series.formerInstances.values()].find(({ seq }) => seq > since);
  return first === item.former ? { kind: "event", event: item.series } : null;
}

/** Sorted lists of the calendars, kept from page to page. */
const sortedLists = new WeakMap<SimulatedCalendar, { key: string; items: readonly Item[] }>();

function* orderedItems(
  world: World,
  calendar: SimulatedCalendar,
  query: ListQuery,
  walk: Walk,
  start: PageStart,
): Generator<ListedItem<Item>> {
  const key = `${pagingParameters(query)}/${start.until}`;
  let sorted = sortedLists.get(calendar);
  if (sorted?.key !== key) {
    const items = [...filteredItems(world, calendar, query, walk, { place: 0, told: 0 })].map(({ item }) => item);
    sorted = { key, items: items.sort(query.orderBy === "startTime" ? byStart : byUpdate) };
    sortedLists.set(calendar, sorted);
  }
  for (let place = start.place; place < sorted.items.length; place += 1) {
    const item = sorted.items[place];
    if (item) yield { item, next: { place: place + 1, told: 0 } };
  }
}

function byStart(a: Item, b: Item): number {
  return itemTimes(a).startsAt - itemTimes(b).startsAt;
}

function byUpdate(a: Item, b: Item): number {
  return itemSource(a).updatedAt - itemSource(b).updatedAt;
}
