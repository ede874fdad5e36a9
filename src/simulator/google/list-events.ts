import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import { byId, itemId, itemSource, itemTimes, nextFormerSince, walkItems } from "../walk.js";
import type { Changes, Item, Walk, WalkPosition } from "../walk.js";
import type { Scenario } from "../scenario.js";
import type { World } from "../world.js";
import { eventResource } from "./event-resource.js";
import { fullSyncRequired, invalidValue } from "./google-error.js";
import { itemFilter } from "./item-filter.js";
import { lastingParameters, pagingParameters } from "./list-query.js";
import type { ListQuery } from "./list-query.js";
import { decodeToken, encodeToken } from "./opaque-token.js";
import { pageStartOf, takePage } from "../page.js";
import type { ListedItem, PageStart } from "../page.js";

/** The body of `events.list`: a full list, or the changes since a sync token; one page of it. Throws GoogleError. */
export function eventsList(world: World, account: Account, calendar: SimulatedCalendar, query: ListQuery) {
  const list = listIdentity(account, calendar);
  const last = query.syncToken === null ? null : lastSync(query, query.syncToken, list, calendar);
  const start = query.pageToken === null ? firstPage(calendar, last) : startOf(query, query.pageToken, list);
  const changes = last === null ? null : { ...last, until: start.until };
  const scenario = world.scenarioOf(account.email);
  const page = takePage(listedItems(scenario, calendar, query, changes, start), query.maxResults, start, scenario);
  const options = { timeZone: query.timeZone ?? calendar.description.timeZone, maxAttendees: query.maxAttendees };
  const items = page.items.map((item) => eventResource(calendar, item, options));
  const token = page.next
    ? { nextPageToken: encodeToken({ kind: "page", list, parameters: pagingParameters(query), ...page.next }) }
    : syncTokenOf(scenario, query, list, nextSync(calendar, changes, start.until));
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

function firstPage(calendar: SimulatedCalendar, last: LastSync | null): PageStart {
  return { place: last === null ? 0 : last.since + 1, until: calendar.seq, page: 0 };
}

/** What a sync token knows of the list before. */
type LastSync = Omit<Changes, "until">;

function lastSync(query: ListQuery, text: string, list: string, calendar: SimulatedCalendar): LastSync {
  const token = decodeToken(text);
  if (token?.kind !== "sync") throw invalidValue("syncToken");
  const isCurrent = token.list === list && token.seq >= calendar.prunedSeq && token.seq <= calendar.seq;
  if (!isCurrent || token.parameters !== lastingParameters(query)) throw fullSyncRequired();
  return { since: token.seq, formerSince: token.formerSince ?? token.seq };
}

function startOf(query: ListQuery, text: string, list: string): PageStart {
  const token = decodeToken(text);
  if (token?.kind !== "page" || token.list !== list || token.parameters !== pagingParameters(query))
    throw invalidValue("pageToken");
  return pageStartOf(token);
}

function nextSync(calendar: SimulatedCalendar, changes: Changes | null, until: number) {
  const formerSince = changes ? nextFormerSince(changes, calendar.seq) : until;
  return { seq: until, ...(formerSince < until ? { formerSince } : {}) };
}

function syncTokenOf(scenario: Scenario, query: ListQuery, list: string, next: ReturnType<typeof nextSync>) {
  if (query.orderBy !== null || scenario.isWithoutSyncToken) return {};
  return { nextSyncToken: encodeToken({ kind: "sync", list, ...next, parameters: lastingParameters(query) }) };
}

function listedItems(
  scenario: Scenario,
  calendar: SimulatedCalendar,
  query: ListQuery,
  changes: Changes | null,
  start: PageStart,
): Iterable<ListedItem<Item>> {
  const hasRange = query.timeMin !== null || query.timeMax !== null;
  const walk: Walk = {
    isExpanded: query.isExpanded,
    range: hasRange ? { from: query.timeMin ?? -Infinity, to: query.timeMax ?? Infinity } : null,
    changes,
  };
  if (query.orderBy !== null) return orderedItems(scenario, calendar, query, walk, start);
  return filteredItems(scenario, calendar, query, walk, start);
}

function* filteredItems(
  scenario: Scenario,
  calendar: SimulatedCalendar,
  query: ListQuery,
  walk: Walk,
  from: WalkPosition,
): Generator<ListedItem<Item>> {
  const fits = itemFilter(calendar, query);
  for (const { item, next } of walkItems(calendar, walk, from)) {
    const told = scenario.deletedSeries === "series" ? asSeries(item, walk) : item;
    if (told && fits(told)) yield { item: told, next };
  }
}

/** Stands a deleted series for all its instances; null for all but the first of them. */
function asSeries(item: Item, walk: Walk): Item | null {
  if (item.kind !== "former" || item.series.status !== "cancelled") return item;
  const since = walk.changes?.formerSince ?? -1;
  const first = byId(item.series.formerInstances).find(({ seq }) => seq > since);
  return first === item.former ? { kind: "event", event: item.series } : null;
}

/** Sorted lists of the calendars, kept from page to page until the calendar changes. */
const sortedLists = new WeakMap<SimulatedCalendar, { key: string; items: readonly ListedItem<Item>[] }>();

function* orderedItems(
  scenario: Scenario,
  calendar: SimulatedCalendar,
  query: ListQuery,
  walk: Walk,
  start: PageStart,
): Generator<ListedItem<Item>> {
  const key = `${pagingParameters(query)}/${calendar.seq}`;
  let sorted = sortedLists.get(calendar);
  if (sorted?.key !== key) {
    const items = [...filteredItems(scenario, calendar, query, walk, { place: 0 })];
    const valueOf = query.orderBy === "startTime" ? startOfItem : updateOfItem;
    sorted = { key, items: items.map(({ item }) => ordered(item, valueOf(item))).sort(byPosition) };
    sortedLists.set(calendar, sorted);
  }
  if (start.page === 0) yield* sorted.items;
  else yield* sorted.items.filter(({ next }) => comparePositions(next, start) > 0);
}

function startOfItem(item: Item): number {
  return itemTimes(item).startsAt;
}

function updateOfItem(item: Item): number {
  return itemSource(item).updatedAt;
}

/** The place of an item in a sorted list is what the list is sorted by, then its creation. */
function ordered(item: Item, place: number): ListedItem<Item> {
  const position = String(itemSource(item).position).padStart(12, "0");
  return { item, next: { place, after: `${position} ${itemId(item)}` } };
}

function byPosition(a: ListedItem<Item>, b: ListedItem<Item>): number {
  return comparePositions(a.next, b.next);
}

function comparePositions(a: WalkPosition, b: WalkPosition): number {
  if (a.place !== b.place) return a.place - b.place;
  return (a.after ?? "") < (b.after ?? "") ? -1 : Number(a.after !== b.after);
}
