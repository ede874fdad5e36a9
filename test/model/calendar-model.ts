import { instantIn } from "./zone.js";

/** What an event or an occurrence says. Times are instants in milliseconds; all-day ones midnights UTC, the end excluded. */
export interface Content {
  title: string;
  start: number;
  end: number;
  isAllDay: boolean;
}

/** How a series goes on: each occurrence so many days after the one before, at the same time of the day in its zone. */
export interface Rule {
  everyDays: 1 | 7;
  zone: string;
  /** The first start, as its zone's clocks show it, as if it were UTC. */
  shown: number;
  /** Null: it has no such end. */
  count: number | null;
  /** The last instant at which an occurrence may start; null: it has no such end. */
  until: number | null;
}

export interface ModelEvent {
  /** The provider's id; null while the provider is not known to have it. */
  id: string | null;
  content: Content;
  rule: Rule | null;
  /** By original start; null where that occurrence is cancelled. */
  instances: Map<number, Content | null>;
}

/** An event that does not recur, or the occurrence of a series that would start then. */
export interface Target {
  event: ModelEvent;
  original: number | null;
}

/** What our side has changed and has not yet been told that the provider has it. */
export interface Waiting extends Partial<Content> {
  isCancelled?: boolean;
}

const dayMs = 86_400_000;

/** What a calendar must hold, kept as a plain set of events and of what waits to be told to the provider. */
export class CalendarModel {
  readonly events = new Set<ModelEvent>();
  /** Events that have been at a time that a window may reach. */
  private readonly met = new WeakSet<ModelEvent>();
  private readonly waiting = new Map<ModelEvent, Map<number | null, Waiting>>();

  /** `horizon`: series are followed until then, and windows end before. */
  constructor(private readonly horizon: number) {}

  add(event: Pick<ModelEvent, "content"> & Partial<ModelEvent>): ModelEvent {
    const added = { id: null, rule: null, instances: new Map<number, Content | null>(), ...event };
    this.events.add(added);
    this.note(added);
    return added;
  }

  /** What the provider holds there; null where it holds nothing. */
  contentOf({ event, original }: Target): Content | null {
    if (!this.events.has(event)) return null;
    if (original === null) return event.rule ? null : event.content;
    return this.instancesOf(event).get(original) ?? null;
  }

  /** All occurrences of a series that are not cancelled, by original start. */
  instancesOf(event: ModelEvent): Map<number, Content> {
    const found = new Map<number, Content>();
    for (const start of this.originalStarts(event)) {
      const length = event.content.end - event.content.start;
      const own = event.instances.get(start);
      if (own !== null) found.set(start, own ?? { ...event.content, start, end: start + length });
    }
    return found;
  }

  /** What the provider holds there from now on. */
  change({ event, original }: Target, content: Content): void {
    if (original === null) event.content = content;
    else event.instances.set(original, content);
    this.note(event);
  }

  remove({ event, original }: Target): void {
    if (original === null) this.events.delete(event);
    else event.instances.set(original, null);
  }

  /** A series ends before this occurrence. */
  endBefore(event: ModelEvent, original: number): void {
    if (!event.rule) throw new Error("it does not recur");
    event.rule = { ...event.rule, count: null, until: original - 1000 };
    for (const start of event.instances.keys()) if (start >= original) event.instances.delete(start);
  }

  /** Our side wants it so, whatever the provider's user does to the same, until the provider has been told. */
  want({ event, original }: Target, wanted: Waiting): void {
    const ofEvent = this.waiting.get(event) ?? new Map<number | null, Waiting>();
    ofEvent.set(original, { ...ofEvent.get(original), ...wanted });
    this.waiting.set(event, ofEvent);
  }

  isAnyWaiting(event: ModelEvent): boolean {
    return (this.waiting.get(event)?.size ?? 0) > 0;
  }

  /** Our side calls it off: the provider may or may not have it any more. */
  isEnding({ event, original }: Target): boolean {
    return this.waiting.get(event)?.get(original)?.isCancelled ?? false;
  }

  series(): ModelEvent[] {
    return [...this.events].filter(({ rule }) => rule);
  }

  /** The provider has been told: from now on its user's changes are the later ones. */
  told(target: Target): void {
    const wanted = this.waiting.get(target.event)?.get(target.original);
    this.waiting.get(target.event)?.delete(target.original);
    const content = this.contentOf(target);
    if (!wanted || !content) return;
    const { isCancelled = false, ...changes } = wanted;
    if (isCancelled) this.remove(target);
    else this.change(target, { ...content, ...changes });
  }

  /** Titles of what has never been where a window reaches: nothing of it may be stored. */
  strangers(): string[] {
    return [...this.events].filter((event) => !event.rule && !this.met.has(event)).map(({ content }) => content.title);
  }

  /** What both calendars must show between two instants once everything has been told: sorted lines. */
  expected(from: number, to: number): string[] {
    const shown = [...this.events].flatMap((event) => this.shownOf(event));
    return shown
      .filter(({ start, end }) => start < to && (end > from || start >= from))
      .map(line)
      .sort();
  }

  private note(event: ModelEvent): void {
    if (event.content.start < this.horizon) this.met.add(event);
  }

  private shownOf(event: ModelEvent): Content[] {
    const contents = event.rule ? [...this.instancesOf(event)] : [[null, event.content] as const];
    return contents.flatMap(([original, content]) => {
      const { isCancelled = false, ...changes } = this.waiting.get(event)?.get(original) ?? {};
      return isCancelled ? [] : [{ ...content, ...changes }];
    });
  }

  private originalStarts({ rule, content }: ModelEvent): number[] {
    if (!rule) return [];
    const starts: number[] = [];
    for (let index = 0; index < (rule.count ?? Infinity); index += 1) {
      const shown = rule.shown + index * rule.everyDays * dayMs;
      const start = content.isAllDay ? shown : instantIn(rule.zone, shown);
      if (start > Math.min(rule.until ?? Infinity, this.horizon)) break;
      starts.push(start);
    }
    return starts;
  }
}

/** One occurrence as a line that tells it from every other. */
export function line({ title, start, end, isAllDay }: Content): string {
  return [title, new Date(start).toISOString(), new Date(end).toISOString(), isAllDay ? "all day" : "timed"].join(" ");
}
