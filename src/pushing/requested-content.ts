import type { AppointmentContent } from "../appointments/local-change.js";
import { badArgument } from "../errors.js";
import { textArgument } from "../graphql/text.js";
import { ianaTimeZone } from "../providers/time-zone.js";

/** What Outlook takes as a subject; Google takes more. */
const longestTitle = 255;

const dayMs = 86_400_000;

/**
 * What somebody wants an appointment to be, checked as both providers will take it.
 * @throws AppError BAD_USER_INPUT naming the argument: a blank or unreadable title or one of more than 255 characters; an end before the start,
 *   or an all-day appointment that does not last from one midnight UTC to a later one; a time zone that is no IANA name
 */
export function checkedContent(content: AppointmentContent): AppointmentContent {
  const title = textArgument("title", content.title, longestTitle);
  if (title === null || title.trim() === "") throw badArgument("title", "title must not be blank.");
  checkTimes(content);
  return { ...content, title, timeZone: checkedTimeZone(content.timeZone) };
}

function checkTimes({ startsAt, endsAt, isAllDay }: AppointmentContent): void {
  if (endsAt < startsAt) throw badArgument("endsAt", "endsAt must not be before startsAt.");
  if (!isAllDay) return;
  if (!isMidnight(startsAt)) throw badArgument("startsAt", "startsAt of an all-day appointment must be midnight UTC.");
  if (!isMidnight(endsAt)) throw badArgument("endsAt", "endsAt of an all-day appointment must be midnight UTC.");
  if (endsAt <= startsAt) throw badArgument("endsAt", "endsAt of an all-day appointment must be a later day.");
}

function isMidnight(instant: Date): boolean {
  return instant.getTime() % dayMs === 0;
}

function checkedTimeZone(name: string | null): string | null {
  if (name === null) return null;
  const zone = ianaTimeZone(name);
  if (zone === null) throw badArgument("timeZone", "timeZone must be an IANA name such as Europe/Zurich.");
  return zone;
}
