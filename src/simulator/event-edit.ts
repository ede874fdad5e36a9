import type { SimulatedCalendar } from "./calendar.js";
import type { EventPatch, NewEvent } from "./event-change.js";
import type { EventChanges, EventInput } from "./calendar-source.js";
import { instanceId, parseInstanceId } from "./event.js";
import type { EventContent, StoredEvent } from "./event.js";
import { eventTimes, instantOfMoment } from "./moment.js";
import type { Moment } from "./moment.js";
import { StateError } from "./state-error.js";

/** Throws StateError or MomentError. */
export function createEvent(calendar: SimulatedCalendar, input: EventInput): StoredEvent {
  const times = eventTimes(input.start, input.end, calendar.description.timeZone);
  const content: EventContent = { eventType: "default", ...contentOf(input) };
  const { id, uid, recurrence, status } = input;
  const event: NewEvent = {
    times,
    content,
    ...(id === undefined ? {} : { id }),
    ...(uid === undefined ? {} : { uid }),
    ...(recurrence === undefined ? {} : { recurrence }),
    ...(status === undefined ? {} : { status }),
  };
  return calendar.create(event);
}

/**
 * Changes what the input names of an event, a series or an instance. A start without an end moves the event and keeps its length.
 * Throws StateError, MomentError.
 */
export function updateEvent(calendar: SimulatedCalendar, id: string, input: EventChanges): StoredEvent {
  const { recurrence, status } = input;
  const patch: EventPatch = {
    content: { ...(status === undefined ? {} : { isCalledOff: false }), ...contentOf(input) },
    ...timesPatch(calendar, id, input),
    ...(recurrence === undefined ? {} : { recurrence }),
    ...(status === undefined ? {} : { status }),
  };
  return calendar.update(id, patch);
}

/** Marks an event, a series with its exceptions, or one instance as a meeting that was called off. Throws StateError. */
export function callOff(calendar: SimulatedCalendar, id: string): StoredEvent {
  if (calendar.find(id)?.kind === "stored" && calendar.stored(id)?.content.isCalledOff)
    throw new StateError("cancelled", `already cancelled: ${id}`);
  const event = calendar.update(id, { content: { isCalledOff: true } });
  if (event.kind !== "series") return event;
  for (const exception of event.exceptions.values()) {
    if (exception.status !== "cancelled") calendar.update(exception.id, { content: { isCalledOff: true } });
  }
  return event;
}

/** The id of a series' instance by its original start. Throws StateError where there is no such series. */
export function instanceIdOf(calendar: SimulatedCalendar, seriesId: string, originalStart: Moment): string {
  const series = calendar.stored(seriesId);
  if (series?.kind !== "series") throw new StateError("missing", `no such series: ${seriesId}`);
  return instanceId(seriesId, instantOfMoment(originalStart, series.timeZone), series.isAllDay);
}

function timesPatch(calendar: SimulatedCalendar, id: string, input: EventChanges): Pick<EventPatch, "times"> {
  if (!input.start && !input.end) return {};
  const known = timesOf(calendar, id);
  const defaultTimeZone = known.timeZone;
  if (!input.start)
    return {
      times: eventTimes(momentOf(known.startsAt, known), input.end ?? momentOf(known.endsAt, known), defaultTimeZone),
    };
  if (input.end) return { times: eventTimes(input.start, input.end, defaultTimeZone) };
  const length = known.endsAt - known.startsAt;
  const point = eventTimes(
    input.start,
    "date" in input.start ? dayAfter(input.start.date) : input.start,
    defaultTimeZone,
  );
  if (point.isAllDay !== known.isAllDay) throw new StateError("invalid", "a start of another kind needs an end");
  return { times: { ...point, endsAt: point.startsAt + length } };
}

function dayAfter(date: string): Moment {
  return { date: new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10) };
}

interface KnownTimes {
  startsAt: number;
  endsAt: number;
  isAllDay: boolean;
  timeZone: string;
}

function timesOf(calendar: SimulatedCalendar, id: string): KnownTimes {
  const event = calendar.stored(id);
  if (event) return event;
  const parts = parseInstanceId(id);
  const series = parts ? calendar.stored(parts.seriesId) : undefined;
  if (!parts || !series) throw new StateError("missing", `no such event: ${id}`);
  const { isAllDay, timeZone } = series;
  return {
    startsAt: parts.originalStartsAt,
    endsAt: parts.originalStartsAt + series.endsAt - series.startsAt,
    isAllDay,
    timeZone,
  };
}

function momentOf(instant: number, times: KnownTimes): Moment {
  const text = new Date(instant).toISOString();
  return times.isAllDay ? { date: text.slice(0, 10) } : { dateTime: text, timeZone: times.timeZone };
}

function contentOf(input: EventChanges): Partial<EventContent> {
  const { title, description, location, eventType, visibility, transparency, attendees, organizerEmail } = input;
  const { privateProperties, sharedProperties, isCalledOff } = input;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(location === undefined ? {} : { location }),
    ...(eventType === undefined ? {} : { eventType }),
    ...(visibility === undefined ? {} : { visibility }),
    ...(transparency === undefined ? {} : { transparency }),
    ...(attendees === undefined ? {} : { attendees }),
    ...(organizerEmail === undefined ? {} : { organizerEmail }),
    ...(privateProperties === undefined ? {} : { privateProperties }),
    ...(sharedProperties === undefined ? {} : { sharedProperties }),
    ...(isCalledOff === undefined ? {} : { isCalledOff }),
  };
}
