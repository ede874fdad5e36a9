import type { z } from "zod";
import type { SimulatedCalendar } from "../calendar.js";
import type { Control } from "../control.js";
import type { StoredEvent } from "../event.js";
import { externalEventId } from "../external-id.js";
import type { eventInput } from "./input.js";

/** Edits a calendar as its user does, and answers with the event as it is now. */
export function editEvent(control: Control, edit: z.output<typeof eventInput>) {
  const { account, calendar } = edit;
  const at = control.calendar(account, calendar);
  switch (edit.action) {
    case "create":
      return shownEvent(at, control.createEvent(account, edit.event, calendar));
    case "update":
      return shownEvent(at, control.updateEvent(account, edit.id, edit.event, calendar));
    case "cancel":
      return shownEvent(at, control.cancelEvent(account, edit.id, calendar));
    case "delete":
      return shownEvent(at, control.deleteEvent(account, edit.id, calendar));
    case "move":
      return shownEvent(control.calendar(account, edit.to), control.moveEvent(account, edit.id, edit.to, calendar));
  }
}

/** Ids are those of the provider's API. */
export function shownEvent(calendar: SimulatedCalendar, event: StoredEvent) {
  return {
    id: externalEventId(calendar, event.id),
    kind: event.kind,
    status: event.status,
    seq: event.seq,
    title: event.content.title ?? "",
    startsAt: new Date(event.startsAt).toISOString(),
    endsAt: new Date(event.endsAt).toISOString(),
    isAllDay: event.isAllDay,
    timeZone: event.timeZone,
    ...(event.content.isCalledOff ? { isCalledOff: true } : {}),
    ...(event.kind === "series" ? { recurrence: event.recurrence } : {}),
    ...(event.kind === "exception" ? { recurringEventId: externalEventId(calendar, event.recurringEventId) } : {}),
  };
}
