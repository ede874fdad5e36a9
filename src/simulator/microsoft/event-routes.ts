import type { SimulatedCalendar } from "../calendar.js";
import type { Call } from "./call.js";
import { collectionBody, entityBody } from "./collection.js";
import type { CollectionPlace } from "./collection.js";
import {
  cancelledOccurrenceIds,
  findItem,
  instanceItems,
  listedEvents,
  livingExceptions,
  viewItems,
} from "./event-reads.js";
import { eventEtag, eventResource, idOf } from "./event-resource.js";
import type { PresentItem } from "./event-resource.js";
import type { EventView } from "./event-view.js";
import { badQuery } from "./graph-error.js";
import { graphCalendarId } from "./graph-id.js";
import { readWindow } from "./time-window.js";
import { itemId, itemSource } from "../walk.js";
import type { FoundItem } from "./event-reads.js";
import { expandedProperty } from "./extended-properties.js";
import type { QueryOptions } from "./query-options.js";

/** What the routes to events answer with, apart from change rounds. All throw GraphError. */

const PAGING = ["$select", "$top", "$skip"];

export function viewBody(call: Call, calendar: SimulatedCalendar): Record<string, unknown> {
  call.options.allowOnly(PAGING);
  return listBody(call, calendar, viewItems(calendar, readWindow(call.options)), "calendarView");
}

export function eventsBody(call: Call, calendar: SimulatedCalendar): Record<string, unknown> {
  call.options.allowOnly([...PAGING, "$filter", "$expand"]);
  return listBody(call, calendar, listedEvents(calendar, call.options.text("$filter")), "events");
}

export function instancesBody(
  call: Call,
  calendars: readonly SimulatedCalendar[],
  id: string,
): Record<string, unknown> {
  call.options.allowOnly(PAGING);
  const found = findItem(calendars, id);
  const items = instanceItems(found, readWindow(call.options));
  return listBody(call, found.calendar, items, `events('${encodeURIComponent(id)}')/instances`);
}

function listBody(call: Call, calendar: SimulatedCalendar, items: readonly PresentItem[], context: string) {
  const { options, preferences } = call;
  const view = viewOf(call, calendar);
  const place = { ...placeOf(call, context), url: `${call.root}/${call.path}` };
  const expanded = expandedProperty(options) ?? refuseExpansion(options);
  const shown = (item: PresentItem) => ({ ...eventResource(view, item), ...expanded(item) });
  return collectionBody(items, shown, options, place, preferences.maxPageSize);
}

/** A single event or instance; of a series also its exceptions and deleted instances where they are asked for. */
export function eventAnswer(call: Call, calendars: readonly SimulatedCalendar[], id: string) {
  call.options.allowOnly(["$select", "$expand"]);
  return shownEvent(call, findItem(calendars, id));
}

/** The answer that shows an event as it is now, with its etag. */
export function shownEvent(call: Call, { calendar, item }: FoundItem) {
  const view = viewOf(call, calendar);
  const expansion = expandedProperty(call.options)?.(item) ?? expandedExceptions(call, view, item);
  const resource = { ...eventResource(view, item), ...cancelledOccurrences(call, view, item) };
  const body = {
    ...entityBody(resource, call.options, placeOf(call, "events")),
    ...calendarLinks(call, calendar),
    ...expansion,
  };
  return { body, etag: eventEtag(calendar, itemSource(item)), id: idOf(view, itemId(item)) };
}

/** Lists expand nothing but extended properties. */
function refuseExpansion(options: QueryOptions): () => Record<string, unknown> {
  const expand = options.text("$expand");
  if (expand !== null) throw badQuery(`The expansion '${expand}' is not supported.`);
  return () => ({});
}

function viewOf({ account, preferences, world }: Call, calendar: SimulatedCalendar): EventView {
  return { account, calendar, preferences, scenario: world.scenarioOf(account.email) };
}

function placeOf({ root, user }: Call, context: string): CollectionPlace {
  return { root, url: "", context: `${user}/${context}` };
}

/** Told only where `$select` names them, as the service does. */
function cancelledOccurrences(call: Call, view: EventView, item: PresentItem) {
  const isSelected = call.options.text("$select")?.split(",").includes("cancelledOccurrences") ?? false;
  if (!isSelected) return {};
  const series = item.kind === "event" && item.event.kind === "series" ? item.event : null;
  return { cancelledOccurrences: series ? cancelledOccurrenceIds(series, idOf(view, series.id)) : [] };
}

function expandedExceptions(call: Call, view: EventView, item: PresentItem) {
  const expand = call.options.text("$expand");
  if (expand === null) return {};
  if (expand !== "exceptionOccurrences") throw badQuery(`The expansion '${expand}' is not supported.`);
  const series = item.kind === "event" && item.event.kind === "series" ? item.event : null;
  const exceptions = series ? livingExceptions(series) : [];
  return { exceptionOccurrences: exceptions.map((event) => eventResource(view, { kind: "event", event })) };
}

function calendarLinks({ root, user }: Call, calendar: SimulatedCalendar) {
  const link = `${root}/${user}/calendars('${encodeURIComponent(graphCalendarId(calendar.description.incarnation))}')`;
  return { "calendar@odata.associationLink": `${link}/$ref`, "calendar@odata.navigationLink": link };
}
