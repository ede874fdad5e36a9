import type { SimulatedCalendar } from "../calendar.js";
import { isCancelled, walkItems } from "../walk.js";
import type { Item } from "../walk.js";
import { eventResource } from "./event-resource.js";
import { GoogleError, invalidValue, notFound } from "./google-error.js";
import { listHead } from "./list-events.js";
import { decodeToken, encodeToken, fingerprint } from "./opaque-token.js";
import { pageStartOf, takePage } from "../page.js";
import type { ListedItem, PageStart } from "../page.js";
import type { QueryParameters } from "./query-parameters.js";
import { USUAL_SCENARIO } from "../scenario.js";

/** The body of `events.get`: an event, a series or one instance, cancelled ones included. Throws GoogleError 404. */
export function eventBody(calendar: SimulatedCalendar, id: string, parameters: QueryParameters) {
  const item = itemOf(calendar, id);
  if (!item) throw notFound();
  const timeZone = parameters.timeZone("timeZone") ?? calendar.description.timeZone;
  return eventResource(calendar, item, {
    timeZone,
    maxAttendees: parameters.positive("maxAttendees"),
    isCancelledInFull: true,
  });
}

function itemOf(calendar: SimulatedCalendar, id: string): Item | null {
  const found = calendar.find(id);
  if (!found) return null;
  if (found.kind === "stored") return { kind: "event", event: found.event };
  if (found.kind === "instance")
    return { kind: "instance", series: found.series, originalStartsAt: found.originalStartsAt };
  const former = found.series.formerInstances.get(id);
  return former ? { kind: "former", series: found.series, former } : null;
}

/** The body of `events.instances`, a page of it. Throws GoogleError. */
export function instancesBody(calendar: SimulatedCalendar, id: string, parameters: QueryParameters) {
  const series = calendar.stored(id);
  if (series?.kind !== "series") throw series ? notRecurring() : notFound();
  const list = `instances:${calendar.description.incarnation}/${id}`;
  const query = readQuery(parameters);
  const start = query.pageToken === null ? { place: 0, until: calendar.seq, page: 0 } : pageStart(query, list);
  const page = takePage(instanceItems(calendar, id, query, start), query.maxResults, start, USUAL_SCENARIO);
  const options = { timeZone: query.timeZone ?? calendar.description.timeZone, maxAttendees: query.maxAttendees };
  const items = page.items.map((item) => eventResource(calendar, item, options));
  const next = page.next
    ? { nextPageToken: encodeToken({ kind: "page", list, parameters: pagingParameters(query), ...page.next }) }
    : {};
  return { ...listHead(calendar, query), items, ...next };
}

type InstancesQuery = ReturnType<typeof readQuery>;

function readQuery(parameters: QueryParameters) {
  return {
    showDeleted: parameters.boolean("showDeleted") ?? false,
    timeMin: parameters.instant("timeMin"),
    timeMax: parameters.instant("timeMax"),
    originalStart: parameters.text("originalStart"),
    maxAttendees: parameters.positive("maxAttendees"),
    maxResults: parameters.pageSize(250, 2500),
    timeZone: parameters.timeZone("timeZone"),
    pageToken: parameters.text("pageToken"),
  };
}

function pagingParameters(query: InstancesQuery): string {
  return fingerprint({ ...query, maxResults: null, pageToken: null });
}

function pageStart(query: InstancesQuery, list: string): PageStart {
  const token = decodeToken(query.pageToken ?? "");
  if (token?.kind !== "page" || token.list !== list || token.parameters !== pagingParameters(query))
    throw invalidValue("pageToken");
  return pageStartOf(token);
}

function* instanceItems(
  calendar: SimulatedCalendar,
  seriesId: string,
  query: InstancesQuery,
  start: PageStart,
): Generator<ListedItem<Item>> {
  const range = { from: query.timeMin ?? -Infinity, to: query.timeMax ?? Infinity };
  for (const { item, next } of walkItems(calendar, { isExpanded: true, range, changes: null }, start)) {
    const isOfSeries = item.kind === "event" ? isExceptionOf(item, seriesId) : item.series.id === seriesId;
    const isShown = query.showDeleted || !isCancelled(item);
    if (isOfSeries && isShown && hasOriginalStart(item, query.originalStart)) yield { item, next };
  }
}

function isExceptionOf(item: Item & { kind: "event" }, seriesId: string): boolean {
  return item.event.kind === "exception" && item.event.recurringEventId === seriesId;
}

function hasOriginalStart(item: Item, wanted: string | null): boolean {
  if (wanted === null) return true;
  const instant = Date.parse(wanted);
  if (Number.isNaN(instant)) throw invalidValue("originalStart");
  if (item.kind === "instance") return item.originalStartsAt === instant;
  if (item.kind === "former") return item.former.originalStartsAt === instant;
  return item.kind === "event" && item.event.kind === "exception" && item.event.originalStartsAt === instant;
}

function notRecurring(): GoogleError {
  const message = "Cannot list instances of a non-recurring event.";
  return new GoogleError({ status: 400, reason: "cannotListInstancesOfNonRecurringEvent", message });
}
