import type { SimulatedCalendar } from "../calendar.js";
import type { Attendee, StoredEvent } from "../event.js";
import { isDeepStrictEqual } from "node:util";
import type { World } from "../world.js";
import type { WrittenEvent } from "./event-body.js";
import { GoogleError } from "./google-error.js";

/** What keeps a client from writing although its token allows it. All throw GoogleError. */

/** The service's block of a user who writes too much: hours long, and for writes alone. */
export function refuseOverQuota({ scenario }: World): void {
  if (!scenario.isWriteQuotaExceeded) return;
  const message = "Calendar usage limits exceeded.";
  throw new GoogleError({ status: 403, domain: "usageLimits", reason: "quotaExceeded", message });
}

export function refuseReader({ description: { accessRole } }: SimulatedCalendar): void {
  if (accessRole === "owner" || accessRole === "writer") return;
  const message = "You need to have writer access to this calendar.";
  throw new GoogleError({ status: 403, domain: "calendar", reason: "requiredAccessLevel", message });
}

/** `If-Match` names the version that a client means to change; `*` any. */
export function refuseOtherVersion(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined || ifMatch === "*" || ifMatch === etag) return;
  const place = { locationType: "header", location: "If-Match" };
  throw new GoogleError({ status: 412, reason: "conditionNotMet", message: "Precondition Failed", ...place });
}

/** An attendee's copy is the attendee's own but for what all share; of that the attendee may change their own answer. */
export function refuseNonOrganizer(calendar: SimulatedCalendar, known: StoredEvent, written: WrittenEvent): void {
  const owner = calendar.description.id;
  if ((known.content.organizerEmail ?? owner) === owner) return;
  const { title, description, location, sharedProperties, attendees } = known.content;
  const { content } = written;
  const isShared = isDeepStrictEqual(
    [title, description, location, sharedProperties, others(attendees, owner), timesOf(known), recurrenceOf(known)],
    [
      ...[content.title, content.description, content.location, content.sharedProperties],
      ...[others(content.attendees, owner), timesOf(written.times), written.recurrence],
    ],
  );
  if (isShared) return;
  const message = "Shared properties can only be changed by the organizer of the event.";
  throw new GoogleError({ status: 403, domain: "calendar", reason: "forbiddenForNonOrganizer", message });
}

function others(attendees: readonly Attendee[] | undefined, owner: string) {
  return attendees?.map(({ email, displayName, responseStatus }) =>
    email === owner ? [email] : [email, displayName, responseStatus ?? "needsAction"],
  );
}

function timesOf({ startsAt, endsAt, isAllDay }: { startsAt: number; endsAt: number; isAllDay: boolean }) {
  return [startsAt, endsAt, isAllDay];
}

function recurrenceOf(event: StoredEvent): readonly string[] | null {
  return event.kind === "series" ? event.recurrence : null;
}
