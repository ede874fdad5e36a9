import type { SimulatedCalendar } from "./calendar.js";
import type { StoredEvent } from "./event.js";
import { forgetFormer } from "./former-instances.js";
import { StateError } from "./state-error.js";

/**
 * Moves an event, or a series with its exceptions, to another calendar of the same account. Only Outlook tells clients about it:
 * with the default ids as a deletion and a new event, with immutable ids under the same id. Throws StateError.
 */
export function moveEvent(from: SimulatedCalendar, to: SimulatedCalendar, id: string): StoredEvent {
  if (from.provider !== "microsoft") throw new StateError("invalid", "only Microsoft's events are moved");
  if (from === to) throw new StateError("invalid", "the event is in that calendar");
  if (to.stored(id)) throw new StateError("duplicate", `the id is taken there: ${id}`);
  const taken = from.takeOut(id);
  for (const event of taken) {
    const { home = from.description.incarnation, times = 0 } = event.moved ?? {};
    event.moved = { home, times: times + 1 };
    if (event.kind !== "series") continue;
    forgetFormer(event);
    event.formerSingleSeq = null;
  }
  to.putIn(taken);
  const [moved] = taken;
  if (!moved) throw new StateError("missing", `no such event: ${id}`);
  return moved;
}
