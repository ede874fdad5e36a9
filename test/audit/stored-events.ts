import type { Given } from "../support/given.js";

export interface StoredEvent {
  id: string;
  resourceType: string;
  resourceId: string;
  eventType: string;
  actorId: string | null;
  correlationId: string | null;
  severity: string;
  createdAt: string;
}

/** Events that differ in every two ways in which a filter can tell them apart; their times do not go by their ids. Oldest first. */
export async function storedEvents(given: Given): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let number = 0; number < 64; number++) {
    const event = eventOf(number);
    const id = await given.auditEvent({
      resource_type: event.resourceType,
      resource_id: event.resourceId,
      event_type: event.eventType,
      actor_id: event.actorId,
      correlation_id: event.correlationId,
      severity: event.severity,
      created_at: event.createdAt,
    });
    events.push({ id, ...event });
  }
  return events;
}

function eventOf(number: number): Omit<StoredEvent, "id"> {
  const isOther = (bit: number) => (number & (1 << bit)) !== 0;
  return {
    resourceType: isOther(0) ? "appointment" : "calendar_connection",
    resourceId: isOther(1) ? "12" : "9007199254740993",
    eventType: isOther(2) ? "calendar_sync_retry" : "calendar_connection_paused",
    actorId: isOther(3) ? "manager-1" : null,
    correlationId: isOther(4) ? "00000000-0000-4000-8000-00000000abcd" : "00000000-0000-4000-8000-00000000abce",
    severity: isOther(5) ? "error" : "info",
    createdAt: `2026-03-01T09:00:00.00${(number * 7) % 5}Z`,
  };
}

/** How each filter of the query is told, and which events it leaves: those that are like another one in it. */
const filters = {
  resourceType: ({ resourceType }: StoredEvent) => resourceType,
  resourceId: ({ resourceId }: StoredEvent) => resourceId,
  eventType: ({ eventType }: StoredEvent) => eventType,
  actorId: ({ actorId }: StoredEvent) => actorId ?? "nobody",
  correlationId: ({ correlationId }: StoredEvent) => correlationId ?? "none",
  severity: ({ severity }: StoredEvent) => severity,
  createdAfter: ({ createdAt }: StoredEvent) => createdAt,
  createdBefore: ({ createdAt }: StoredEvent) => new Date(Date.parse(createdAt) + 2).toISOString(),
};

export type FilterName = keyof typeof filters;
export const filterNames = Object.keys(filters) as FilterName[];

/** As the argument of a query. */
export function filterOf(name: FilterName, like: StoredEvent): string {
  return `${name}: "${filters[name](like)}"`;
}

export function isMatching(event: StoredEvent, names: readonly FilterName[], like: StoredEvent): boolean {
  return names.every((name) => {
    const value = filters[name](like);
    if (name === "createdAfter") return event.createdAt >= value;
    if (name === "createdBefore") return event.createdAt < value;
    return event[name] === value;
  });
}
