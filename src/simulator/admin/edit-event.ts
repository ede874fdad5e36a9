import type { z } from "zod";
import type { Control } from "../control.js";
import type { StoredEvent } from "../event.js";
import type { eventInput } from "./input.js";

/** Edits a calendar as its user does, and answers with the event as it is now. */
export function editEvent(control: Control, edit: z.output<typeof eventInput>) {
  switch (edit.action) {
    case "create":
      return shownEvent(control.createEvent(edit.account, edit.event, edit.calendar));
    case "update":
      return shownEvent(control.updateEvent(edit.account, edit.id, edit.event, edit.calendar));
    case "cancel":
      return shownEvent(control.cancelEvent(edit.account, edit.id, edit.calendar));
    case "delete":
      return shownEvent(control.deleteEvent(edit.account, edit.id, edit.calendar));
  }
}

export function shownEvent(event: StoredEvent) {
  return {
    id: event.id,
    kind: event.kind,
    status: event.status,
    seq: event.seq,
    title: event.content.title ?? "",
    startsAt: new Date(event.startsAt).toISOString(),
    endsAt: new Date(event.endsAt).toISOString(),
    isAllDay: event.isAllDay,
    timeZone: event.timeZone,
    ...(event.kind === "series" ? { recurrence: event.recurrence } : {}),
    ...(event.kind === "exception" ? { recurringEventId: event.recurringEventId } : {}),
  };
}
