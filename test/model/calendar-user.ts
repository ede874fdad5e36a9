import { internalEventId } from "../../src/simulator/external-id.js";
import type { Control } from "../../src/simulator/control.js";
import type { EventInput } from "../../src/simulator/calendar-source.js";
import { line, type CalendarModel, type Content, type ModelEvent, type Rule, type Target } from "./calendar-model.js";
import { instantIn, zones } from "./zone.js";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The calendar's user: does the same to the simulated calendar and to the model. What cannot be done is done to something that is made for it. */
export class CalendarUser {
  private titles = 0;

  constructor(
    private readonly control: Control,
    private readonly account: string,
    private readonly model: CalendarModel,
    /** Midnights UTC: today, and the day from which on this user's events are. */
    private readonly today: number,
    private readonly firstDay: number,
  ) {}

  create(amount: number, form: "timed" | "allDay" | "withoutLength" | "outside" = "timed"): ModelEvent {
    const isAllDay = form === "allDay";
    const start = form === "outside" ? this.outside(amount) : this.inside(amount, isAllDay);
    const length = { allDay: (1 + (amount % 3)) * dayMs, withoutLength: 0, timed: hourMs, outside: hourMs }[form];
    return this.add({ title: this.newTitle(), start, end: start + length, isAllDay }, null);
  }

  createSeries(which: number, amount: number): ModelEvent {
    const isAllDay = which % 5 === 0;
    const zone = String(zones[which % zones.length]);
    const shown = this.firstDay + (amount % 9) * dayMs + (isAllDay ? 0 : (8 + (which % 11)) * hourMs);
    const start = isAllDay ? shown : instantIn(zone, shown);
    const everyDays = which % 2 === 0 ? 1 : 7;
    const content = { title: this.newTitle(), start, end: start + (isAllDay ? dayMs : hourMs), isAllDay };
    const until = start + (3 + (amount % 5)) * everyDays * dayMs;
    const rule = { everyDays, zone, shown, count: null, until: null } as const;
    if (amount % 20 === 0) return this.add(content, { ...rule, everyDays: 7 });
    return this.add(content, amount % 2 === 0 ? { ...rule, count: 2 + (amount % 7) } : { ...rule, until });
  }

  /** An event that does not recur. */
  retitle(which: number): Target {
    const target = this.single(which);
    return this.change(target, { title: this.newTitle() });
  }

  /**
   * The occurrences that were changed keep their own titles. Not of a series with an occurrence that our side is about to change: whether it has
   * a title of its own by then, nobody knows.
   */
  retitleSeries(which: number): void {
    const known = this.model.series().filter((each) => each.id !== null && !this.model.isAnyWaiting(each));
    const event = known[which % known.length] ?? this.createSeries(which, which);
    event.content = { ...event.content, title: this.newTitle() };
    this.control.updateEvent(this.account, this.idOf({ event, original: null }), { title: event.content.title });
  }

  move(which: number, amount: number): Target {
    const target = this.single(which);
    return this.moveTo(target, this.inside(amount, target.event.content.isAllDay));
  }

  moveOut(which: number, amount: number): void {
    this.moveTo(this.single(which), this.outside(amount));
  }

  moveIn(which: number, amount: number): void {
    const outside = this.singles().filter(
      ({ event: { content } }) => Math.abs(content.start - this.today) > 250 * dayMs,
    );
    const target = outside[which % outside.length] ?? { event: this.create(amount, "outside"), original: null };
    this.moveTo(target, this.inside(amount, target.event.content.isAllDay));
  }

  moveInstance(which: number, amount: number): Target {
    const target = this.instance(which, amount);
    const step = target.event.content.isAllDay ? 0 : ((amount % 5) - 2) * hourMs;
    const { start } = this.contentOf(target);
    if (step === 0) return this.change(target, { title: this.newTitle() });
    return this.moveTo(target, start + step);
  }

  cancelInstance(which: number, amount: number): void {
    this.delete(this.instance(which, amount));
  }

  deleteEvent(which: number): void {
    this.delete(this.single(which));
  }

  deleteSeries(which: number): void {
    this.delete({ event: this.series(which), original: null });
  }

  delete(target: Target): void {
    this.control.deleteEvent(this.account, this.idOf(target));
    this.model.remove(target);
  }

  /** The series ends before one of its occurrences, and another one goes on from there. */
  split(which: number, amount: number): void {
    const { event, original } = this.instance(which, amount);
    const { rule, content } = event;
    if (!rule || original === null) throw new Error("not an occurrence");
    const passed = Math.round((original - content.start) / dayMs / rule.everyDays);
    if (passed === 0) {
      this.delete({ event, original: null });
    } else {
      this.model.endBefore(event, original);
      this.control.updateEvent(this.account, this.idOf({ event, original: null }), { recurrence: [ruleLine(event)] });
    }
    const count = rule.count === null ? null : rule.count - passed;
    const shown = rule.shown + passed * rule.everyDays * dayMs;
    const rest = { ...content, title: this.newTitle(), start: original, end: original + content.end - content.start };
    this.add(rest, { ...rule, shown, count });
  }

  callOff(which: number): void {
    const target = this.single(which);
    this.control.cancelEvent(this.account, this.idOf(target));
    this.model.remove(target);
  }

  change(target: Target, changes: Partial<Content>): Target {
    const content = { ...this.contentOf(target), ...changes };
    const id = this.idOf(target);
    const times = changes.start === undefined ? {} : this.timesOf(content, target.event.rule?.zone);
    this.control.updateEvent(this.account, id, {
      ...(changes.title === undefined ? {} : { title: changes.title }),
      ...times,
    });
    this.model.change(target, content);
    return target;
  }

  newTitle(): string {
    return `Title ${(this.titles += 1)}`;
  }

  inside(amount: number, isAllDay: boolean): number {
    return this.firstDay + (amount % 25) * dayMs + (isAllDay ? 0 : (amount % 24) * hourMs);
  }

  /** What an id of the provider's stands for; null where that is no more. */
  targetOf(externalId: string): Target | null {
    const id = internalEventId(this.control.calendar(this.account), externalId);
    for (const event of this.model.events) {
      if (event.id === null) continue;
      const own = internalEventId(this.control.calendar(this.account), event.id);
      if (own === id) return { event, original: null };
      if (event.rule && id.startsWith(`${own}_`)) return { event, original: originalStart(id.slice(own.length + 1)) };
    }
    return null;
  }

  /** What the calendar shows. */
  occurrences(from: Date, to: Date): string[] {
    return this.control
      .occurrences(this.account, from, to)
      .map(({ title, startsAt, endsAt, isAllDay }) =>
        line({ title, start: Date.parse(startsAt), end: Date.parse(endsAt), isAllDay }),
      )
      .sort();
  }

  private add(content: Content, rule: Rule | null): ModelEvent {
    const event = this.model.add({ content, rule });
    const recurrence = rule ? { recurrence: [ruleLine(event)] } : {};
    const input: EventInput = { title: content.title, ...this.timesOf(content, rule?.zone), ...recurrence };
    event.id = this.control.createEvent(this.account, input).id;
    return event;
  }

  private moveTo(target: Target, start: number): Target {
    const content = this.contentOf(target);
    return this.change(target, { start, end: start + content.end - content.start });
  }

  private single(which: number): Target {
    const known = this.singles();
    return known[which % known.length] ?? { event: this.create(which), original: null };
  }

  private singles(): Target[] {
    return [...this.model.events]
      .filter(({ id, rule }) => id !== null && !rule)
      .map((event) => ({ event, original: null }))
      .filter((target) => !this.model.isEnding(target));
  }

  private series(which: number): ModelEvent {
    const known = this.model.series();
    return known[which % known.length] ?? this.createSeries(which, which);
  }

  private instance(which: number, amount: number): Target {
    return this.instanceOf(this.series(which), amount) ?? this.firstOf(this.createSeries(which, amount));
  }

  private instanceOf(event: ModelEvent, amount: number): Target | null {
    const targets = [...this.model.instancesOf(event).keys()].slice(0, 12).map((original) => ({ event, original }));
    const known = targets.filter((target) => !this.model.isEnding(target));
    return known[amount % known.length] ?? null;
  }

  private firstOf(event: ModelEvent): Target {
    return { event, original: event.content.start };
  }

  private contentOf(target: Target): Content {
    const content = this.model.contentOf(target);
    if (!content) throw new Error("the model does not hold it");
    return content;
  }

  private timesOf({ start, end, isAllDay }: Content, timeZone = "UTC"): Pick<EventInput, "start" | "end"> {
    const moment = (at: number) =>
      isAllDay ? { date: new Date(at).toISOString().slice(0, 10) } : { dateTime: new Date(at).toISOString(), timeZone };
    return { start: moment(start), end: moment(end) };
  }

  private idOf({ event: { id, content }, original }: Target): string {
    if (id === null) throw new Error("the provider does not know it yet");
    if (original === null) return id;
    return `${internalEventId(this.control.calendar(this.account), id)}_${stamp(original, content.isAllDay)}`;
  }

  private outside(amount: number): number {
    return this.today + (amount % 2 === 0 ? 300 : -300) * dayMs + (amount % 5) * dayMs;
  }
}

function originalStart(stamp: string): number {
  const [, year, month, day, hour = "00", minute = "00"] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\dZ)?$/.exec(stamp) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
}

/** An instant as it is in ids and rules. */
function stamp(instant: number, isAllDay: boolean): string {
  const compact = new Date(instant).toISOString().replaceAll(/[-:]/g, "");
  return isAllDay ? compact.slice(0, 8) : `${compact.slice(0, 15)}Z`;
}

function ruleLine({ rule, content }: ModelEvent): string {
  if (!rule) throw new Error("it does not recur");
  const until = rule.until === null ? "" : `;UNTIL=${stamp(rule.until, content.isAllDay)}`;
  const count = rule.count === null ? "" : `;COUNT=${rule.count}`;
  return `RRULE:FREQ=${rule.everyDays === 1 ? "DAILY" : "WEEKLY"}${count}${until}`;
}
