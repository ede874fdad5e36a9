import type { calendar_v3 } from "googleapis/build/src/apis/calendar/index.js";
import type { EventContent, EventField } from "../provider.js";
import { googleIdOf } from "./event-key.js";

/** The private extended property that tells an event of ours from one that has its id by chance. */
export const keyProperty = "csaEventKey";

/** A new event under the id of its key. */
export function newEventBody(eventKey: string, content: EventContent): calendar_v3.Schema$Event {
  return {
    id: googleIdOf(eventKey),
    summary: content.title,
    status: statusOf(content),
    ...timesOf(content),
    extendedProperties: { private: { [keyProperty]: eventKey.toLowerCase() } },
  };
}

/** A patch with the named fields alone. */
export function eventPatchBody(content: EventContent, fields: readonly EventField[]): calendar_v3.Schema$Event {
  return {
    ...(fields.includes("title") && { summary: content.title }),
    ...(fields.includes("status") && { status: statusOf(content) }),
    ...(fields.includes("times") && timesOf(content)),
  };
}

function statusOf({ isTentative }: EventContent): string {
  return isTentative ? "tentative" : "confirmed";
}

function timesOf(content: EventContent): Pick<calendar_v3.Schema$Event, "start" | "end"> {
  return { start: momentOf(content.startsAt, content), end: momentOf(content.endsAt, content) };
}

/**
 * A patch is merged into what there is, so the form that a time shall not have any more is taken away. An instant in UTC is plain in
 * every zone, also when clocks show its hour twice. Without a zone the event keeps its own, and a new one gets the calendar's.
 */
function momentOf(time: string, { isAllDay, timeZone }: EventContent): calendar_v3.Schema$EventDateTime {
  if (isAllDay) return { date: time.slice(0, 10), dateTime: null, timeZone: null };
  const dateTime = `${new Date(time).toISOString().slice(0, 19)}Z`;
  return { dateTime, date: null, ...(timeZone !== null && { timeZone }) };
}
