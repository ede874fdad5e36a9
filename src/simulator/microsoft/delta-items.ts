import { createHash } from "node:crypto";
import type { SimulatedCalendar } from "../calendar.js";
import { instanceId, parseInstanceId } from "../event.js";
import type { ExceptionEvent, Moved, SeriesEvent, StoredEvent } from "../event.js";
import type { Scenario } from "../scenario.js";
import { exceptionAt, firstIndexFrom } from "../series.js";
import type { ListedItem } from "../page.js";
import { byId, eventsFrom, itemId } from "../walk.js";
import type { WalkPosition } from "../walk.js";
import type { PresentItem } from "./event-resource.js";
import { movedOf } from "./graph-id.js";
import { isInWindow } from "./time-window.js";
import type { TimeWindow } from "./time-window.js";

/** One thing that a change round tells. */
export type DeltaItem =
  | PresentItem
  | { kind: "removed"; id: string; moved: Moved | undefined }
  /** Left for another calendar; may have come back since. */
  | { kind: "departed"; id: string; moved: Moved | undefined };

/** What a round covers: everything in the window, or what changed since a number; nothing after `until`. */
export interface Round {
  window: TimeWindow;
  since: number | null;
  /** At most `since`: from here on it is told what is gone of series. */
  formerSince: number;
  until: number;
}

/** A change that shortens a series may take instances out of a window's beginning: so far back they are told as removed. */
const LONGEST_INSTANCE_MS = 40 * 86_400_000;

/** Something that changed, with its place in the order of the round. */
interface Source {
  place: number;
  items: () => Iterable<DeltaItem>;
}

/**
 * The items of a round from a position on. Later rounds tell of everything outside the window that it was removed, as the service
 * does; series come before their instances unless the order is arbitrary.
 */
export function* deltaItems(
  calendar: SimulatedCalendar,
  round: Round,
  scenario: Scenario,
  from: WalkPosition,
): Generator<ListedItem<DeltaItem>> {
  const isArbitrary = scenario.itemOrder === "arbitrary";
  const sources = isArbitrary
    ? shuffled(calendar, round, scenario, from.place)
    : inOrder(calendar, round, scenario, from.place);
  for (const { place, items } of sources) {
    const last = place === from.place ? from.after : undefined;
    const keyed = [...items()].map((item) => ({ item, next: { place, after: keyOf(item) } }));
    const sorted = keyed.sort((a, b) => (a.next.after < b.next.after === isArbitrary ? 1 : -1));
    yield* sorted.filter(({ next: { after } }) => last === undefined || (isArbitrary ? after < last : after > last));
  }
}

/** Tells the items of a source apart, in the order in which they are told: a series, what is gone of it, its instances; all by original start. */
function keyOf(item: DeltaItem): string {
  if (item.kind === "instance") return `2 ${itemId(item)}`;
  if (item.kind === "event") return `${item.event.kind === "exception" ? 2 : 0} ${item.event.id}`;
  return `${parseInstanceId(item.id) ? 1 : 3} ${item.id}`;
}

/** By creation in a first round, by change in later ones. */
function* inOrder(calendar: SimulatedCalendar, round: Round, scenario: Scenario, place: number): Generator<Source> {
  const { since, until } = round;
  const changes = since === null ? null : { since, until };
  const departures =
    since === null ? [] : departuresOf(calendar, since, until).filter((source) => source.place >= place);
  for (const event of eventsFrom(calendar, { changes }, place)) {
    const source = sourceOf(calendar, event, round, scenario);
    while (departures[0] && departures[0].place < source.place) yield departures.shift() ?? source;
    yield source;
  }
  yield* departures;
}

function sourceOf(calendar: SimulatedCalendar, event: StoredEvent, round: Round, scenario: Scenario): Source {
  const place = round.since === null ? event.position : event.seq;
  return { place, items: () => itemsOf(calendar, event, round, scenario) };
}

function departuresOf(calendar: SimulatedCalendar, since: number, until: number): Source[] {
  return [...Map.groupBy(calendar.departures.between(since, until), ({ seq }) => seq)].map(([place, group]) => ({
    place,
    items: () => group.map(({ id, moved }) => ({ kind: "departed" as const, id, moved })),
  }));
}

/** An order that has nothing to do with time, and stays the same from page to page. */
function shuffled(calendar: SimulatedCalendar, round: Round, scenario: Scenario, place: number): Source[] {
  const sources = [...inOrder(calendar, round, scenario, 0)].map((source) => ({
    ...source,
    place: shuffledPlace(source.place),
  }));
  return sources.filter((source) => source.place >= place).sort((a, b) => a.place - b.place);
}

/** The low part keeps places apart that the hash does not. */
function shuffledPlace(place: number): number {
  const hash = createHash("sha256").update(String(place)).digest().readUInt32BE(0);
  return hash * 2 ** 20 + (place % 2 ** 20);
}

function itemsOf(
  calendar: SimulatedCalendar,
  event: StoredEvent,
  round: Round,
  scenario: Scenario,
): Iterable<DeltaItem> {
  if (event.kind === "series") return seriesItems(calendar, event, round, scenario);
  if (event.kind === "exception") return exceptionItems(calendar, event, round, scenario);
  const isTold = event.status !== "cancelled" && isInWindow(event, round.window);
  return isTold ? [{ kind: "event", event }] : removedLater(calendar, event.id, round);
}

/** First rounds say nothing of what is not there. */
function removedLater(calendar: SimulatedCalendar, id: string, round: Round): DeltaItem[] {
  return round.since === null ? [] : [{ kind: "removed", id, moved: movedOf(calendar, id) }];
}

/** A changed instance comes with its series, which a client may not have been told of before. */
function exceptionItems(
  calendar: SimulatedCalendar,
  exception: ExceptionEvent,
  round: Round,
  scenario: Scenario,
): DeltaItem[] {
  if (exception.status === "cancelled" && scenario.deletedOccurrence === "silent") return [];
  if (exception.status === "cancelled" || !isInWindow(exception, round.window))
    return removedLater(calendar, exception.id, round);
  const series = calendar.stored(exception.recurringEventId);
  const told: DeltaItem = { kind: "event", event: exception };
  return round.since === null || !series ? [told] : [{ kind: "event", event: series }, told];
}

function* seriesItems(
  calendar: SimulatedCalendar,
  series: SeriesEvent,
  round: Round,
  scenario: Scenario,
): Generator<DeltaItem> {
  if (series.status !== "cancelled" && hasInstanceIn(calendar, series, round.window)) {
    yield { kind: "event", event: series };
    yield* goneInstances(calendar, series, round);
    yield* instancesIn(calendar, series, round.window);
    return;
  }
  if (scenario.deletedSeries === "instances") yield* goneInstances(calendar, series, round);
  yield* removedLater(calendar, series.id, round);
}

function hasInstanceIn(calendar: SimulatedCalendar, series: SeriesEvent, window: TimeWindow): boolean {
  const isIn = (exception: ExceptionEvent) => exception.status !== "cancelled" && isInWindow(exception, window);
  return [...series.exceptions.values()].some(isIn) || instancesIn(calendar, series, window).next().done !== true;
}

/** Exceptions are events of their own and not among them. */
export function* instancesIn(
  calendar: SimulatedCalendar,
  series: SeriesEvent,
  window: TimeWindow,
): Generator<Extract<DeltaItem, { kind: "instance" }>> {
  const length = series.endsAt - series.startsAt;
  const starts = calendar.expansions.startsOf(series);
  for (let index = firstIndexFrom(starts, window.from - length); index < starts.length; index += 1) {
    const originalStartsAt = starts[index] ?? 0;
    if (originalStartsAt >= window.to) return;
    const isTold =
      isInWindow({ startsAt: originalStartsAt, endsAt: originalStartsAt + length }, window) &&
      !exceptionAt(series, originalStartsAt);
    if (isTold) yield { kind: "instance", series, originalStartsAt };
  }
}

/** Instances that a client may know and that are no more, or no longer in the window. */
function goneInstances(calendar: SimulatedCalendar, series: SeriesEvent, round: Round): DeltaItem[] {
  const { since, formerSince, window } = round;
  if (since === null) return [];
  const former = byId(series.formerInstances).filter(({ seq }) => seq > formerSince);
  const ids = new Set([
    ...former.map(({ id }) => id),
    ...movedOut(calendar, series, round),
    ...instancesBefore(calendar, series, window),
  ]);
  return [...ids].sort().map((id) => ({ kind: "removed", id, moved: series.moved }));
}

/** The ids of instances that had been moved, are where the series has them again, and by that are outside the window. */
function movedOut(calendar: SimulatedCalendar, series: SeriesEvent, { formerSince, window }: Round): string[] {
  const former = byId(series.formerExceptions).filter(({ id, seq }) => seq > formerSince && !series.exceptions.has(id));
  if (former.length === 0) return [];
  const present = new Set([...instancesIn(calendar, series, window)].map(itemId));
  return former.map(({ id }) => id).filter((id) => !present.has(id));
}

/** The ids of instances that are over when a window begins. */
function instancesBefore(calendar: SimulatedCalendar, series: SeriesEvent, window: TimeWindow): string[] {
  const length = series.endsAt - series.startsAt;
  const before = { from: window.from - LONGEST_INSTANCE_MS, to: window.from };
  return [...instancesIn(calendar, series, before)]
    .filter(({ originalStartsAt: startsAt }) => !isInWindow({ startsAt, endsAt: startsAt + length }, window))
    .map(({ originalStartsAt }) => instanceId(series.id, originalStartsAt, series.isAllDay));
}
