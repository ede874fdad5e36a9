import type { EventChange } from "./provider.js";

/** The last change of each event: whoever writes a page in one statement must not meet a row twice. */
export function lastOfEachEvent(changes: readonly EventChange[]): EventChange[] {
  const last = new Map<string | EventChange, EventChange>();
  for (const change of changes) {
    const key = change.kind === "event" ? change.event.externalEventId : (change.externalEventId ?? change);
    last.set(key, change);
  }
  return [...last.values()];
}
