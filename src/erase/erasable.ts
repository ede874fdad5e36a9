import { sql } from "kysely";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";

/** What erasing would find. */
export interface Erasable {
  /** Connections that are not erased yet. */
  living: number;
  appointments: number;
}

/** Of one connection; null where there is none. */
export function erasable(em: EntityManager, firmId: string, connectionId: string): Promise<Erasable | null> {
  return inFirm(firmId, async () => {
    const { rows } = await sql<Erasable>`
      select (erased_at is null)::int as living, (
        select count(*)::int from appointment
        where firm_id = ${firmId} and connection_id = ${connectionId} and status_reason is distinct from 'ERASED'
      ) as appointments
      from calendar_connection where firm_id = ${firmId} and id = ${connectionId}
    `.execute(em.getKysely());
    return rows[0] ?? null;
  });
}

/** Of a whole firm; null where there is none. */
export function erasableFirm(em: EntityManager, firmId: string): Promise<(Erasable & { isErased: boolean }) | null> {
  return inFirm(firmId, async () => {
    const { rows } = await sql<Erasable & { isErased: boolean }>`
      select erased_at is not null as "isErased",
        (select count(*)::int from calendar_connection c where c.firm_id = firm.id and c.erased_at is null) as living,
        (select count(*)::int from appointment a where a.firm_id = firm.id and a.status_reason is distinct from 'ERASED') as appointments
      from firm where id = ${firmId}
    `.execute(em.getKysely());
    return rows[0] ?? null;
  });
}
