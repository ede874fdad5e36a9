import type { Attendee, EventContent, StoredEvent } from "../event.js";
import type { EventView } from "./event-view.js";

/** Moments that were never, as the service writes them. */
const NO_TIME = "0001-01-01T00:00:00Z";

/** Of a calendar that is shared without details only that somebody is busy. */
export function contentOf(view: EventView, source: StoredEvent) {
  const isHidden = view.calendar.description.accessRole === "freeBusyReader";
  const content: EventContent = isHidden ? { eventType: "default", title: "Busy" } : source.content;
  const organizer = content.organizerEmail ?? view.account.email;
  const isOrganizer = organizer.toLowerCase() === view.account.email.toLowerCase();
  return {
    subject: subjectOf(content),
    ...bodyOf(content.description ?? "", view.preferences.body),
    sensitivity: sensitivityOf(content.visibility),
    showAs: showAsOf(source, content),
    isCancelled: content.isCalledOff === true,
    isOrganizer,
    responseStatus: responseStatusOf(view, content, isOrganizer),
    ...locationOf(content.location),
    attendees: (content.attendees ?? []).map(attendeeOf),
    organizer: { emailAddress: { name: isOrganizer ? displayName(view) : organizer, address: organizer } },
  };
}

function displayName({ account, calendar }: EventView): string {
  return account.entries.get(account.email)?.calendar.description.name ?? calendar.description.name;
}

function subjectOf({ title, isCalledOff }: EventContent): string | null {
  return isCalledOff ? `Canceled: ${title ?? ""}` : (title ?? null);
}

function bodyOf(text: string, contentType: "html" | "text") {
  const bodyPreview = text.slice(0, 255);
  const html = text === "" ? "" : `<html><head></head><body>${escaped(text)}</body></html>\r\n`;
  return { bodyPreview, body: { contentType, content: contentType === "html" ? html : text } };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\n", "<br>\r\n");
}

function sensitivityOf(visibility: string | undefined): string {
  return visibility === "private" || visibility === "confidential" ? visibility : "normal";
}

function showAsOf(source: StoredEvent, content: EventContent): string {
  if (content.isCalledOff) return "free";
  if (source.status === "tentative") return "tentative";
  return content.transparency === "transparent" ? "free" : "busy";
}

const RESPONSES: Readonly<Record<NonNullable<Attendee["responseStatus"]>, string>> = {
  needsAction: "notResponded",
  declined: "declined",
  tentative: "tentativelyAccepted",
  accepted: "accepted",
};

function responseStatusOf({ account }: EventView, { attendees }: EventContent, isOrganizer: boolean) {
  if (isOrganizer) return { response: "organizer", time: NO_TIME };
  const own = attendees?.find(({ email }) => email.toLowerCase() === account.email.toLowerCase());
  return { response: RESPONSES[own?.responseStatus ?? "needsAction"], time: NO_TIME };
}

function attendeeOf({ email, displayName: name, responseStatus }: Attendee) {
  const response = responseStatus === undefined ? "none" : RESPONSES[responseStatus];
  return {
    type: "required",
    status: { response, time: NO_TIME },
    emailAddress: { name: name ?? email, address: email },
  };
}

function locationOf(text: string | undefined) {
  const kind = { locationType: "default", uniqueIdType: text === undefined ? "unknown" : "private" };
  const location = {
    displayName: text ?? "",
    ...kind,
    ...(text === undefined ? {} : { uniqueId: text }),
    address: {},
    coordinates: {},
  };
  const listed = { displayName: text ?? "", ...kind, ...(text === undefined ? {} : { uniqueId: text }) };
  return { location, locations: text === undefined ? [] : [listed] };
}
