import { differingFields, type IsItsZone } from "./event-differences.js";
import {
  ProviderFailure,
  type CalendarEvent,
  type EventChange,
  type EventContent,
  type EventField,
  type WrittenEvent,
} from "./provider.js";

/** An event as it was read in order to be changed. */
export interface ChangeableEvent {
  /** Null where it cannot be represented: then nothing of it is as it shall be. */
  event: CalendarEvent | null;
  /** Names what was read: the change is refused when it is not that any more. */
  etag: string;
}

/** How one event of a calendar is read and changed. */
export interface EventAccess {
  isItsZone: IsItsZone;
  /** As it is now; null when it is gone. */
  read(): Promise<ChangeableEvent | null>;
  /**
   * Writes fields over what was read. Null when it is gone.
   * @throws ProviderFailure EVENT_CONFLICT when it has been changed since
   */
  write(known: ChangeableEvent, fields: readonly EventField[]): Promise<CalendarEvent | null>;
}

/** How often an event is written that somebody else keeps changing. */
const mostWrites = 4;

/**
 * Brings the named fields of an event to a content, over whatever else has changed meanwhile, and writes nothing that is so already:
 * a change whose answer was lost is not made twice.
 * @throws ProviderFailure EVENT_CONFLICT when the event was changed again between reading and writing, four times in a row
 */
export async function changeEvent(
  access: EventAccess,
  content: EventContent,
  fields: readonly EventField[],
): Promise<WrittenEvent> {
  for (let writes = 1; ; writes += 1) {
    const known = await access.read();
    if (known === null) return { kind: "gone" };
    const { event } = known;
    const due = event === null ? fields : differingFields(event, content, fields, access.isItsZone);
    if (event !== null && due.length === 0) return { kind: "event", event, isChanged: false };
    try {
      const changed = await access.write(known, due);
      return changed === null ? { kind: "gone" } : { kind: "event", event: changed, isChanged: true };
    } catch (error) {
      if (!isConflict(error) || writes === mostWrites) throw error;
    }
  }
}

/** Whether what was read is no event at all, rather than one that cannot be represented. */
export function isWithoutId(change: EventChange): boolean {
  return change.kind === "skipped" && change.externalEventId === null;
}

function isConflict(error: unknown): boolean {
  return error instanceof ProviderFailure && error.errorCode === "EVENT_CONFLICT";
}
