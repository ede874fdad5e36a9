import type { ProviderKind } from "./accounts.js";
import { ChangeLog } from "./change-log.js";
import { Departures } from "./departures.js";
import type { Departure } from "./departures.js";
import { instanceId, parseInstanceId } from "./event.js";
import type { ExceptionEvent, SeriesEvent, SingleEvent, StoredEvent } from "./event.js";
import { applyPatch, emptySeries, exceptionOf } from "./event-change.js";
import type { EventPatch, NewEvent } from "./event-change.js";
import { dropExceptions, forgetFormer, knownInstances, rememberFormer } from "./former-instances.js";
import { newUid } from "./identifiers.js";
import type { IdentifierSource } from "./identifiers.js";
import { SeriesExpansions } from "./series.js";
import { StateError } from "./state-error.js";

export type AccessRole = "owner" | "writer" | "reader" | "freeBusyReader";

export interface CalendarDescription {
  id: string;
  name: string;
  description?: string;
  timeZone: string;
  accessRole: AccessRole;
  /** Tells this calendar from an earlier one with the same id: tokens of the earlier one are dead. */
  incarnation: string;
}

/** What is known about an id: a stored event, an instance of a series as its rule gives it, or one that no longer exists. */
export type FoundEvent =
  | { kind: "stored"; event: StoredEvent }
  | { kind: "instance"; series: SeriesEvent; originalStartsAt: number }
  | { kind: "former"; series: SeriesEvent; id: string; originalStartsAt: number; isAllDay: boolean };

/** One calendar: its events in their order of creation, and every change with a number that only rises. */
export class SimulatedCalendar {
  readonly expansions: SeriesExpansions;
  /** In order of creation; deleted ones stay until the history is pruned. */
  readonly events: StoredEvent[] = [];
  readonly changes = new ChangeLog();
  readonly departures = new Departures();
  readonly #byId = new Map<string, StoredEvent>();
  #nextPosition = 0;
  #prunedSeq = 0;
  updatedAt: number;

  constructor(
    readonly description: CalendarDescription,
    readonly provider: ProviderKind,
    private readonly identifiers: IdentifierSource,
    private readonly now: () => number,
  ) {
    this.expansions = new SeriesExpansions(now);
    this.updatedAt = now();
  }

  /** The number of the last change. */
  get seq(): number {
    return this.changes.seq;
  }

  /** Changes up to this number are forgotten: a token from before it cannot be answered. */
  get prunedSeq(): number {
    return this.#prunedSeq;
  }

  stored(id: string): StoredEvent | undefined {
    return this.#byId.get(id);
  }

  find(id: string): FoundEvent | null {
    const event = this.#byId.get(id);
    if (event) return { kind: "stored", event };
    const parts = parseInstanceId(id);
    const series = parts ? this.#byId.get(parts.seriesId) : undefined;
    if (!parts || series?.kind !== "series") return null;
    const former = series.formerInstances.get(id);
    if (former)
      return { kind: "former", series, id, originalStartsAt: former.originalStartsAt, isAllDay: former.isAllDay };
    if (parts.isAllDay !== series.isAllDay || !this.expansions.has(series, parts.originalStartsAt)) return null;
    return { kind: "instance", series, originalStartsAt: parts.originalStartsAt };
  }

  /** Throws StateError: an id that is taken, a recurrence that cannot be expanded. */
  create(event: NewEvent): StoredEvent {
    const id = event.id ?? this.identifiers.next("event");
    if (this.#byId.has(id)) throw new StateError("duplicate", `the id is taken: ${id}`);
    const record = {
      ...this.#newRecord(id, event.uid ?? newUid(this.provider, id)),
      ...event.times,
      content: event.content,
    };
    const made: SingleEvent | SeriesEvent = event.recurrence
      ? { ...record, ...emptySeries(event.recurrence), status: "confirmed" }
      : { ...record, kind: "single", status: event.status ?? "confirmed" };
    if (made.kind === "series") this.expansions.startsOf(made);
    this.#append(made);
    return made;
  }

  /** Changes an event, a whole series, or one instance of it (which becomes an exception). Throws StateError. */
  update(id: string, patch: EventPatch): StoredEvent {
    const found = this.find(id);
    if (!found || found.kind === "former") throw new StateError("missing", `no such event: ${id}`);
    if (found.kind === "instance") return this.#makeException(found.series, found.originalStartsAt, patch);
    const { event } = found;
    if (event.status === "cancelled" && patch.status === undefined)
      throw new StateError("cancelled", `cancelled: ${id}`);
    if (event.kind === "series") return this.#changeSeries(event, patch);
    if (patch.recurrence && event.kind === "single") return this.#makeSeries(event, patch, patch.recurrence);
    if (patch.recurrence) throw new StateError("invalid", "an instance has no recurrence of its own");
    applyPatch(event, patch);
    this.#touch(event);
    return event;
  }

  /** Cancels an event, a series with all its instances, or one instance. Throws StateError where it is missing or cancelled. */
  remove(id: string): StoredEvent {
    const found = this.find(id);
    if (!found) throw new StateError("missing", `no such event: ${id}`);
    if (found.kind === "former" || (found.kind === "stored" && found.event.status === "cancelled")) {
      throw new StateError("cancelled", `already cancelled: ${id}`);
    }
    return this.update(id, { status: "cancelled" });
  }

  /** Takes an event out for another calendar, a series with its exceptions. Throws StateError for anything that cannot leave. */
  takeOut(id: string): StoredEvent[] {
    const event = this.#byId.get(id);
    if (!event || event.kind === "exception") throw new StateError("missing", `no such event: ${id}`);
    if (event.status === "cancelled") throw new StateError("cancelled", `cancelled: ${id}`);
    this.departures.record(event, this.changes.advance(), this.expansions);
    const taken = event.kind === "series" ? [event, ...event.exceptions.values()] : [event];
    for (const each of taken) this.#discard(each);
    this.changes.giveAway(taken);
    return taken;
  }

  /** Takes in what another calendar let go. */
  putIn(events: readonly StoredEvent[]): void {
    for (const event of events) {
      event.position = this.#nextPosition++;
      this.#append(event);
    }
  }

  /** Forgets deleted events and all history: tokens given out so far are too old afterwards. */
  prune(): void {
    this.#prunedSeq = this.changes.advance();
    this.departures.clear();
    for (const event of this.events) {
      if (event.kind === "series") forgetFormer(event);
    }
    for (const event of this.events) if (isForgotten(event)) this.#byId.delete(event.id);
    const kept = this.events.filter((event) => !isForgotten(event));
    this.events.length = 0;
    for (const event of kept) this.events.push(event);
  }

  /** Puts back what a stored state held, in the order of positions. */
  restore(
    events: readonly StoredEvent[],
    departures: readonly Departure[],
    counters: { seq: number; prunedSeq: number; updatedAt: number },
  ): void {
    this.departures.restore(departures);
    for (const event of events) {
      this.events.push(event);
      this.#byId.set(event.id, event);
      this.#nextPosition = event.position + 1;
    }
    this.changes.restore(events, counters.seq);
    this.#prunedSeq = counters.prunedSeq;
    this.updatedAt = counters.updatedAt;
  }

  #newRecord(id: string, uid: string) {
    const now = this.now();
    const position = this.#nextPosition++;
    return { id, uid, position, seq: 0, createdAt: now, updatedAt: now, sequence: 0 };
  }

  #append(event: StoredEvent): void {
    this.events.push(event);
    this.#byId.set(event.id, event);
    this.#touch(event);
  }

  #touch(event: StoredEvent): void {
    event.updatedAt = this.now();
    this.updatedAt = event.updatedAt;
    this.changes.record(event, this.events.length);
  }

  #makeException(series: SeriesEvent, originalStartsAt: number, patch: EventPatch): ExceptionEvent {
    if (patch.recurrence) throw new StateError("invalid", "an instance has no recurrence of its own");
    const id = instanceId(series.id, originalStartsAt, series.isAllDay);
    const exception = exceptionOf(series, originalStartsAt, this.#newRecord(id, series.uid));
    applyPatch(exception, patch);
    series.exceptions.set(exception.id, exception);
    series.formerExceptions.delete(exception.id);
    this.#append(exception);
    return exception;
  }

  #changeSeries(series: SeriesEvent, patch: EventPatch): SeriesEvent {
    const known = knownInstances(series, this.expansions);
    const previous = { ...series };
    try {
      applyPatch(series, patch);
      if (patch.recurrence) series.recurrence = patch.recurrence;
      this.expansions.startsOf(series);
    } catch (error) {
      Object.assign(series, previous);
      throw error;
    }
    this.#touch(series);
    for (const exception of dropExceptions(series, this.expansions)) this.#discard(exception);
    rememberFormer(series, known, this.expansions);
    return series;
  }

  #makeSeries(event: SingleEvent, patch: EventPatch, recurrence: readonly string[]): SeriesEvent {
    const series: SeriesEvent = { ...event, ...emptySeries(recurrence), formerSingleSeq: this.seq + 1 };
    applyPatch(series, patch);
    this.expansions.startsOf(series);
    this.events[this.events.indexOf(event)] = series;
    this.#byId.set(series.id, series);
    this.changes.forget(event);
    this.#touch(series);
    return series;
  }

  #discard(event: StoredEvent): void {
    this.#byId.delete(event.id);
    this.events.splice(this.events.indexOf(event), 1);
    this.changes.forget(event);
  }
}

/** Cancelled instances are remembered as long as their series. */
function isForgotten(event: StoredEvent): boolean {
  return event.kind !== "exception" && event.status === "cancelled";
}
