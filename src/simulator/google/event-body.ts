import { z } from "zod";
import type { EventContent, EventStatus, EventTimes } from "../event.js";
import { MomentError, eventTimes, instantOfMoment } from "../moment.js";
import type { Moment } from "../moment.js";
import { isTimeZone } from "../time-zone.js";
import { GoogleError, invalidBody } from "./google-error.js";

/** What a client writes of an event, read and checked. */
export interface WrittenEvent {
  id: string | null;
  uid: string | null;
  times: EventTimes;
  /** Null for an event that does not repeat. */
  recurrence: readonly string[] | null;
  status: EventStatus | null;
  content: EventContent;
}

const moment = z.object({ date: z.string().nullish(), dateTime: z.string().nullish(), timeZone: z.string().nullish() });
const text = z.string().nullish();
const texts = z.record(z.string(), z.string()).nullish();

const attendee = z.object({
  email: z.string().regex(/^[^@\s]+@[^@\s]+$/),
  displayName: text,
  responseStatus: z.enum(["needsAction", "declined", "tentative", "accepted"]).nullish(),
});

/** The fields that a client may write and that are kept; the service ignores what it does not know. */
const eventBody = z.object({
  id: text,
  iCalUID: text,
  status: z.enum(["confirmed", "tentative", "cancelled"]).nullish(),
  summary: text,
  description: text,
  location: text,
  start: moment.nullish(),
  end: moment.nullish(),
  recurrence: z.array(z.string()).nullish(),
  visibility: z.enum(["default", "public", "private", "confidential"]).nullish(),
  transparency: z.enum(["opaque", "transparent"]).nullish(),
  attendees: z.array(attendee).nullish(),
  extendedProperties: z.object({ private: texts, shared: texts }).nullish(),
  eventType: z.enum(["default", "birthday", "focusTime", "fromGmail", "outOfOffice", "workingLocation"]).nullish(),
});

type EventBody = z.output<typeof eventBody>;
type BodyMoment = z.output<typeof moment>;

/**
 * An event as a whole. `usualZone` is the zone of an event that names none. Throws GoogleError 400: `required` for what is missing,
 * `invalid` for what cannot be read, `timeRangeEmpty` for an end before its start.
 */
export function readEvent(body: unknown, usualZone: string): WrittenEvent {
  const parsed = eventBody.safeParse(body);
  if (!parsed.success) throw invalidBody(`Invalid value for: ${parsed.error.issues[0]?.path.join(".") ?? "body"}`);
  const { data } = parsed;
  const recurrence = data.recurrence && data.recurrence.length > 0 ? data.recurrence : null;
  return {
    id: data.id ?? null,
    uid: data.iCalUID ?? null,
    times: readTimes(data, recurrence !== null, usualZone),
    recurrence,
    status: data.status ?? null,
    content: readContent(data),
  };
}

function readTimes({ start, end }: EventBody, isRecurring: boolean, usualZone: string): EventTimes {
  const [from, to] = [readMoment("start", start), readMoment("end", end)];
  if ("date" in from !== "date" in to)
    throw invalidBody("Start and end times must either both be date or both be dateTime.");
  if (isRecurring && "dateTime" in from && from.timeZone === undefined) throw withoutZone("start");
  if (instant(to, usualZone) < instant(from, usualZone)) throw emptyRange();
  try {
    return eventTimes(from, to, usualZone);
  } catch (error) {
    throw error instanceof MomentError ? emptyRange() : error;
  }
}

function readMoment(name: "start" | "end", written: BodyMoment | null | undefined): Moment {
  const { date, dateTime, timeZone } = written ?? {};
  if (date == null && dateTime == null) throw required(`Missing ${name} time.`);
  if (date != null && dateTime != null) throw invalidBody(`Invalid ${name} time.`);
  if (timeZone != null && !isTimeZone(timeZone)) throw invalidBody(`Invalid time zone definition for ${name} time.`);
  if (dateTime == null) return { date: date ?? "" };
  if (timeZone == null && !/(Z|[+-]\d\d:\d\d)$/i.test(dateTime)) throw withoutZone(name);
  return timeZone == null ? { dateTime } : { dateTime, timeZone };
}

function instant(written: Moment, usualZone: string): number {
  try {
    return instantOfMoment(written, usualZone);
  } catch (error) {
    if (!(error instanceof MomentError)) throw error;
    throw invalidBody(`Invalid value for: Invalid format: "${"date" in written ? written.date : written.dateTime}"`);
  }
}

function readContent(body: EventBody): EventContent {
  const { summary, description, location, visibility, transparency, attendees, extendedProperties } = body;
  return {
    eventType: body.eventType ?? "default",
    ...(summary == null ? {} : { title: summary }),
    ...(description == null ? {} : { description }),
    ...(location == null ? {} : { location }),
    ...(visibility == null ? {} : { visibility }),
    ...(transparency == null ? {} : { transparency }),
    ...(attendees == null ? {} : { attendees: attendees.map(readAttendee) }),
    ...(extendedProperties?.private == null ? {} : { privateProperties: extendedProperties.private }),
    ...(extendedProperties?.shared == null ? {} : { sharedProperties: extendedProperties.shared }),
  };
}

function readAttendee({ email, displayName, responseStatus }: z.output<typeof attendee>) {
  return {
    email,
    ...(displayName == null ? {} : { displayName }),
    ...(responseStatus == null ? {} : { responseStatus }),
  };
}

function required(message: string): GoogleError {
  return new GoogleError({ status: 400, reason: "required", message });
}

function withoutZone(name: string): GoogleError {
  return required(`Missing time zone definition for ${name} time.`);
}

function emptyRange(): GoogleError {
  const message = "The specified time range is empty.";
  return new GoogleError({ status: 400, domain: "calendar", reason: "timeRangeEmpty", message });
}
