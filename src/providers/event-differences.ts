import type { CalendarEvent, EventContent, EventField } from "./provider.js";
import { cleanText } from "./text.js";

export const allEventFields: readonly EventField[] = ["title", "status", "times"];

/** Whether a zone, as the provider tells it, is the one that an event of this content gets. */
export type IsItsZone = (told: string, content: EventContent & { timeZone: string }) => boolean;

/**
 * Of some fields, those that an event does not have yet as it shall have them: the others need no write. Times count in whole
 * seconds, and zones only where both are named, and not for whole days, which have none.
 */
export function differingFields(
  event: CalendarEvent,
  content: EventContent,
  fields: readonly EventField[],
  isItsZone: IsItsZone,
): EventField[] {
  const differs: Record<EventField, () => boolean> = {
    title: () => event.title !== cleanText(content.title),
    status: () => event.isTentative !== content.isTentative,
    times: () => !hasSameTimes(event, content, isItsZone),
  };
  return allEventFields.filter((field) => fields.includes(field) && differs[field]());
}

function hasSameTimes(event: CalendarEvent, content: EventContent, isItsZone: IsItsZone): boolean {
  return (
    event.isAllDay === content.isAllDay &&
    wholeSeconds(event.startsAt) === wholeSeconds(content.startsAt) &&
    wholeSeconds(event.endsAt) === wholeSeconds(content.endsAt) &&
    hasSameZone(event.timeZone, content, isItsZone)
  );
}

function hasSameZone(told: string | null, content: EventContent, isItsZone: IsItsZone): boolean {
  const { isAllDay, timeZone } = content;
  return isAllDay || told === null || timeZone === null || isItsZone(told, { ...content, timeZone });
}

function wholeSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
