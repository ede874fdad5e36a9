import DataLoader from "dataloader";
import { sql } from "kysely";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import type { BatchScope } from "../graphql/batches.js";
import { parseCorrelationId, parseId } from "../id.js";
import { eventCategories, record, resourceTypes, severities } from "./record.js";

export interface AuditFilter {
  resourceType?: string | null | undefined;
  resourceId?: string | null | undefined;
  eventType?: string | null | undefined;
  actorId?: string | null | undefined;
  correlationId?: string | null | undefined;
  severity?: string | null | undefined;
  createdAfter?: Date | null | undefined;
  createdBefore?: Date | null | undefined;
}

interface Reader extends BatchScope {
  userId: string;
}

export function auditLoaders(reader: Reader) {
  return {
    /** Records that a list of audit events is read. Lists that a request asks for at once are one event. */
    auditRead: new DataLoader<AuditFilter, true>(
      async (filters) => {
        await recordRead(reader, filters);
        return filters.map(() => true);
      },
      { cache: false },
    ),
  };
}

async function recordRead({ em, firmId, userId }: Reader, filters: readonly AuditFilter[]): Promise<void> {
  await unitOfWork(em, firmId, async (unit) => {
    const told: Record<string, string>[] = [];
    for (const filter of filters) told.push(await filterMetadata(unit, filter));
    record(unit, {
      eventType: "audit_events_read",
      actorId: userId,
      resource: { type: "firm", id: firmId },
      metadata: { filters: told.length === 1 ? told[0] : told },
    });
  });
}

/** The filters that were given. What is no id or word of ours is left out: it is whatever the client typed. */
async function filterMetadata(unit: UnitOfWork, filter: AuditFilter): Promise<Record<string, string>> {
  const given = {
    resource_type: known(resourceTypes, filter.resourceType),
    resource_id: filter.resourceId == null ? null : parseId(filter.resourceId),
    event_type: known(Object.keys(eventCategories), filter.eventType),
    actor_id: (await isKnownActor(unit, filter.actorId)) ? filter.actorId : null,
    correlation_id: filter.correlationId == null ? null : parseCorrelationId(filter.correlationId),
    severity: known(severities, filter.severity),
    created_after: filter.createdAfter?.toISOString(),
    created_before: filter.createdBefore?.toISOString(),
  };
  return Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value == null ? [] : [[name, value]])));
}

function known(words: readonly string[], word: string | null | undefined): string | null {
  return word != null && words.includes(word) ? word : null;
}

/** User ids are the tokens', of any form: one that the firm's audit already names is one. */
async function isKnownActor({ em, firmId }: UnitOfWork, actorId: string | null | undefined): Promise<boolean> {
  if (actorId == null) return false;
  const { rows } = await sql`
    select from audit_event where firm_id = ${firmId} and actor_id = ${actorId} limit 1
  `.execute(em.getKysely());
  return rows.length > 0;
}
