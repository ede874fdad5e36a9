import type { CalendarEvent, EventContent, EventField } from "./provider.js";
import { cleanText } from "./text.js";

export const allEventFields: readonly EventField[] = ["title", "status", "times"];

/** Whether a provider tells two zones by the same name. */
export type IsSameZone = (one: string, other: string) => boolean;

/**
 * Of some fields, those that an event does not have yet as it shall have them: the others need no write. Times count in whole
 * seconds, and zones only where both are named, and not for whole days, which have none.
 */
export function differingFields(
  event: CalendarEvent,
  content: EventContent,
  fields: readonly EventField[],
  isSameZone: IsSameZone,
): EventField[] {
  const differs: Record<EventField, () => boolean> = {
    title: () => event.title !== cleanText(content.title),
    status: () => event.isTentative !== content.isTentative,
    times: () => !hasSameTimes(event, content, isSameZone),
  };
  return allEventFields.filter((field) => fields.includes(field) && differs[field]());
}

function hasSameTimes(event: CalendarEvent, content: EventContent, isSameZone: IsSameZone): boolean {
  return (
    event.isAllDay === content.isAllDay &&
    wholeSeconds(event.startsAt) === wholeSeconds(content.startsAt) &&
    wholeSeconds(event.endsAt) === wholeSeconds(content.endsAt) &&
    (content.isAllDay ||
      event.timeZone === null ||
      content.timeZone === null ||
      isSameZone(event.timeZone, content.timeZone))
  );
}

function wholeSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
