import type { EventContent, EventField } from "../provider.js";
import { instantInZone, localTimeInZone, windowsTimeZone } from "../time-zone.js";
import { transactionIdOf } from "./event-key.js";

/** The extended property by which an event of ours is found again: a filter by transactionId is not offered. */
const keyProperty = "String {8c1f3c5e-6f0b-4a57-9d1e-2b7a9f40d6c3} Name csaEventKey";

/** Which events of a calendar were made with a key, as a `$filter`. */
export function keyFilter(eventKey: string): string {
  const value = eventKey.toLowerCase();
  return `singleValueExtendedProperties/any(ep: ep/id eq '${keyProperty}' and ep/value eq '${value}')`;
}

/** A new event under the name of its key. */
export function newEventBody(eventKey: string, content: EventContent): object {
  return {
    ...eventPatchBody(content, ["title", "status", "times"], null),
    transactionId: transactionIdOf(eventKey),
    singleValueExtendedProperties: [{ id: keyProperty, value: eventKey.toLowerCase() }],
  };
}

/**
 * A patch with the named fields alone. Graph merges start and end as wholes.
 * @param knownZone what the event has, which it keeps where the content names none
 */
export function eventPatchBody(content: EventContent, fields: readonly EventField[], knownZone: string | null): object {
  return {
    ...(fields.includes("title") && { subject: content.title }),
    ...(fields.includes("status") && { showAs: content.isTentative ? "tentative" : "busy" }),
    ...(fields.includes("times") && timesOf(content, content.timeZone ?? knownZone)),
  };
}

function timesOf({ startsAt, endsAt, isAllDay }: EventContent, timeZone: string | null): object {
  if (!isAllDay) return { isAllDay, start: momentIn(startsAt, timeZone), end: momentIn(endsAt, timeZone) };
  // Whole days are from midnight to midnight of one zone.
  const { name } = windowsTimeZone(timeZone) ?? utc;
  const midnight = (time: string) => ({ dateTime: `${time.slice(0, 10)}T00:00:00`, timeZone: name });
  return { isAllDay, start: midnight(startsAt), end: midnight(endsAt) };
}

const utc = { name: "UTC", iana: "UTC" };

/**
 * A time as clocks show it, for which Graph has no offset: of an hour that they show twice it would take the first, so the second is
 * told in UTC. Zones go by their Windows names, since of IANA's it takes only some for writing, and by the clocks of the zone that
 * the name stands for; one that has no such name becomes UTC.
 * Source: learn.microsoft.com/graph/api/resources/datetimetimezone.
 */
function momentIn(time: string, timeZone: string | null): { dateTime: string; timeZone: string } {
  const instant = Math.floor(Date.parse(time) / 1000) * 1000;
  const zone = windowsTimeZone(timeZone) ?? utc;
  const localTime = localTimeInZone(instant, zone.iana);
  if (instantInZone(localTime, zone.iana) !== instant) return { dateTime: wallClock(instant), timeZone: "UTC" };
  return { dateTime: wallClock(localTime), timeZone: zone.name };
}

/** The Windows name of the zone in which a time is written. */
export function zoneNameAt(time: string, timeZone: string): string {
  return momentIn(time, timeZone).timeZone;
}

function wallClock(localTime: number): string {
  return new Date(localTime).toISOString().slice(0, 19);
}
