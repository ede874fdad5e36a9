import type { SimulatedCalendar } from "./calendar.js";
import { instanceId } from "./event.js";
import type { FormerInstance, SeriesEvent, StoredEvent } from "./event.js";
import { exceptionAt, firstIndexFrom } from "./series.js";

/** One thing a client may be told about, before it takes a provider's form. */
export type Item =
  | { kind: "event"; event: StoredEvent }
  | { kind: "instance"; series: SeriesEvent; originalStartsAt: number }
  /** An instance or exception that no longer exists; always a deletion. */
  | { kind: "former"; series: SeriesEvent; former: FormerInstance }
  /** A single event that became a series: to clients that see instances only, its id is gone. */
  | { kind: "formerSingle"; series: SeriesEvent };

interface TimeRange {
  /** Ends after this. */
  from: number;
  /** Starts before this. */
  to: number;
}

/**
 * Where a walk stands: an event's place and, of its items, the key of the last one told; absent before the first. A key stays the same
 * whatever happens to the others, so that a walk that goes on after changes leaves nothing out.
 */
export interface WalkPosition {
  place: number;
  after?: string;
}

export interface Walk {
  /** Instances of series instead of the series. */
  isExpanded: boolean;
  range: TimeRange | null;
  /** Null walks everything there is. */
  changes: Changes | null;
}

/** Changes with numbers above `since` and at most `until`. */
export interface Changes {
  since: number;
  /**
   * What is gone of a series is told from this number on, at most `since`: a series that changed between the pages of the list before
   * was not told there, nor what it had lost until then.
   */
  formerSince: number;
  until: number;
}

/** From where on the list after this one tells what is gone of series. `seq` is the calendar's number at the end of the list. */
export function nextFormerSince(changes: Omit<Changes, "since">, seq: number): number {
  return seq > changes.until ? changes.formerSince : changes.until;
}

const WITHOUT_BOUNDS: TimeRange = { from: -Infinity, to: Infinity };

/** Every item of a calendar from a position on, with the position after it. Order: of creation, or of changes. */
export function* walkItems(
  calendar: SimulatedCalendar,
  walk: Walk,
  from: WalkPosition,
): Generator<{ item: Item; next: WalkPosition }> {
  for (const event of eventsFrom(calendar, walk, from.place)) {
    const place = placeOf(event, walk);
    const last = place === from.place ? from.after : undefined;
    for (const item of itemsOf(calendar, event, walk)) {
      const after = keyOf(item);
      if (last === undefined || after > last) yield { item, next: { place, after } };
    }
  }
}

/** In the order in which the items of an event are told. */
const RANKS = { formerSingle: 0, event: 1, former: 2, instance: 3 };

/** Ids of a series' instances are in the order of their original starts. */
function keyOf(item: Item): string {
  return `${RANKS[item.kind]} ${itemId(item)}`;
}

function placeOf(event: StoredEvent, walk: Walk): number {
  return walk.changes ? event.seq : event.position;
}

/** The stored events a walk goes through from a place on, in its order. */
export function eventsFrom(
  calendar: SimulatedCalendar,
  walk: { changes: Omit<Changes, "formerSince"> | null },
  place: number,
): Iterable<StoredEvent> {
  if (walk.changes) return calendar.changes.between(Math.max(walk.changes.since, place - 1), walk.changes.until);
  return storedFrom(calendar.events, place);
}

function* storedFrom(events: readonly StoredEvent[], position: number): Generator<StoredEvent> {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.position ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  for (let index = low; index < events.length; index += 1) {
    const event = events[index];
    if (event) yield event;
  }
}

function* itemsOf(calendar: SimulatedCalendar, event: StoredEvent, walk: Walk): Generator<Item> {
  const range = walk.range ?? WITHOUT_BOUNDS;
  yield* formerSingleBefore(calendar, event, walk);
  if (event.kind !== "series") {
    if (overlaps(event.startsAt, event.endsAt, range)) yield { kind: "event", event };
  } else if (walk.isExpanded) {
    yield* formerOf(event, walk, range);
    yield* instancesOf(calendar, event, range);
  } else {
    if (isInRange(calendar, event, range)) yield { kind: "event", event };
    if (event.status !== "cancelled") yield* formerOf(event, walk, range);
  }
}

/** The rule's own instances in a range: exceptions are events of their own and not among them. */
function* instancesOf(calendar: SimulatedCalendar, series: SeriesEvent, range: TimeRange): Generator<Item> {
  const length = series.endsAt - series.startsAt;
  const starts = calendar.expansions.startsOf(series);
  for (let index = firstIndexFrom(starts, range.from - length); index < starts.length; index += 1) {
    const originalStartsAt = starts[index] ?? 0;
    if (originalStartsAt >= range.to) return;
    const isTold =
      overlaps(originalStartsAt, originalStartsAt + length, range) && !exceptionAt(series, originalStartsAt);
    if (isTold) yield { kind: "instance", series, originalStartsAt };
  }
}

/**
 * The single event that became a series, before the first thing a walk tells of the series, be it an exception: a client may take a
 * series' id that is gone for the end of its instances.
 */
function* formerSingleBefore(calendar: SimulatedCalendar, event: StoredEvent, walk: Walk): Generator<Item> {
  const series = event.kind === "exception" ? calendar.stored(event.recurringEventId) : event;
  if (!walk.isExpanded || series?.kind !== "series" || series.formerSingleSeq === null) return;
  if (series.formerSingleSeq <= (walk.changes?.formerSince ?? -1)) return;
  const isFirst = [series, ...series.exceptions.values()].every(
    (member) => placeOf(member, walk) >= placeOf(event, walk),
  );
  if (isFirst) yield { kind: "formerSingle", series };
}

/** Former instances; without expansion those a client of the unexpanded list knows, namely exceptions. */
function* formerOf(series: SeriesEvent, walk: Walk, range: TimeRange): Generator<Item> {
  const since = walk.changes?.formerSince ?? -1;
  const length = series.endsAt - series.startsAt;
  const all = walk.isExpanded ? series.formerInstances : series.formerExceptions;
  for (const former of byId(all)) {
    const start = former.originalStartsAt;
    if (former.seq > since && overlaps(start, start + length, range)) yield { kind: "former", series, former };
  }
}

/** What is gone of a series, by id. */
export function byId(former: ReadonlyMap<string, FormerInstance>): FormerInstance[] {
  return [...former.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function isInRange(calendar: SimulatedCalendar, series: SeriesEvent, range: TimeRange): boolean {
  if (series.status === "cancelled") return true;
  if (range === WITHOUT_BOUNDS) return true;
  return instancesOf(calendar, series, range).next().done !== true;
}

function overlaps(startsAt: number, endsAt: number, range: TimeRange): boolean {
  return endsAt > range.from && startsAt < range.to;
}

export function itemId(item: Item): string {
  switch (item.kind) {
    case "event":
      return item.event.id;
    case "instance":
      return instanceId(item.series.id, item.originalStartsAt, item.series.isAllDay);
    case "former":
      return item.former.id;
    case "formerSingle":
      return item.series.id;
  }
}

/** When an item is; former ones by their original start. */
export function itemTimes(item: Item): { startsAt: number; endsAt: number; isAllDay: boolean } {
  if (item.kind === "event") return item.event;
  const { series } = item;
  const startsAt =
    item.kind === "instance"
      ? item.originalStartsAt
      : item.kind === "former"
        ? item.former.originalStartsAt
        : series.startsAt;
  const isAllDay = item.kind === "former" ? item.former.isAllDay : series.isAllDay;
  return { startsAt, endsAt: startsAt + series.endsAt - series.startsAt, isAllDay };
}

/** The stored event whose content an item shows. */
export function itemSource(item: Item): StoredEvent {
  return item.kind === "event" ? item.event : item.series;
}

export function isCancelled(item: Item): boolean {
  return (
    item.kind === "former" ||
    item.kind === "formerSingle" ||
    (item.kind === "event" && item.event.status === "cancelled")
  );
}
