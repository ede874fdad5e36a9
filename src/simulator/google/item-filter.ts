import type { SimulatedCalendar } from "../calendar.js";
import type { EventContent, StoredEvent } from "../event.js";
import { isCancelled, itemSource } from "../walk.js";
import type { Item } from "../walk.js";
import type { ListQuery } from "./list-query.js";

/** Whether a listed item belongs into the answer to a query: deletions, and every filter but the time range. */
export function itemFilter(calendar: SimulatedCalendar, query: ListQuery): (item: Item) => boolean {
  const tellsChanges = query.syncToken !== null || query.updatedMin !== null;
  const showsAllDeletions = tellsChanges || query.showDeleted === true;
  const matches = contentFilter(query);
  return (item) => {
    if (isCancelled(item) && !showsAllDeletions && !isCancelledInstance(calendar, item, query)) return false;
    if (!tellsChanges && isThereAgain(calendar, item)) return false;
    return matches(itemSource(item));
  };
}

/** An exception that is gone, but not its instance: news to a client that knows the exception, and not a deleted event. */
function isThereAgain(calendar: SimulatedCalendar, item: Item): boolean {
  return item.kind === "former" && calendar.find(item.former.id)?.kind === "instance";
}

/** Cancelled instances of living series are part of a list that does not expand them, also without `showDeleted`. */
function isCancelledInstance(calendar: SimulatedCalendar, item: Item, query: ListQuery): boolean {
  if (query.isExpanded || query.showDeleted === true || item.kind !== "event" || item.event.kind !== "exception")
    return false;
  return calendar.stored(item.event.recurringEventId)?.status !== "cancelled";
}

function contentFilter(query: ListQuery): (event: StoredEvent) => boolean {
  const tests: ((event: StoredEvent) => boolean)[] = [];
  const { updatedMin, iCalUID, eventTypes, privateProperties, sharedProperties, q } = query;
  if (updatedMin !== null) tests.push((event) => event.updatedAt >= updatedMin);
  if (iCalUID !== null) tests.push((event) => event.uid === iCalUID);
  if (eventTypes.length > 0) tests.push((event) => eventTypes.includes(event.content.eventType));
  for (const [name, value] of privateProperties)
    tests.push((event) => event.content.privateProperties?.[name] === value);
  for (const [name, value] of sharedProperties) tests.push((event) => event.content.sharedProperties?.[name] === value);
  if (q !== null) tests.push((event) => containsWords(event.content, q));
  return (event) => tests.every((test) => test(event));
}

function containsWords(content: EventContent, q: string): boolean {
  const people = (content.attendees ?? []).flatMap(({ email, displayName }) => [email, displayName]);
  const fields = [content.title, content.description, content.location, content.organizerEmail, ...people];
  const text = fields.join("\n").toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
