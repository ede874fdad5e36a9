import { LockMode } from "@mikro-orm/core";
import { sql } from "kysely";
import { record } from "../audit/record.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { Firm } from "../firms/firm.entity.js";
import type { ChannelEnding } from "./channel-ending.js";
import { eraseConnection } from "./erase-connection.js";
import { eraseRows, haveTime, ofFirm } from "./erase-rows.js";

/** Told after each connection, of how many there are. */
export type EraseProgress = (connectionId: string, erased: number, all: number) => void;

/** What was erased of a firm this time. */
export interface ErasedFirm {
  connections: number;
  appointments: number;
}

/**
 * Erases all connections of a firm, a transaction each, and in a last one what belongs to none, and the firm's name. Its row stays, and what
 * is left names it by its id. Broken off, it goes on where it was when it is called again. Null where there is no such firm, or where
 * it is erased already, which changes and audits nothing.
 */
export async function eraseFirm(
  em: EntityManager,
  firmId: string,
  channels: ChannelEnding,
  onErased: EraseProgress,
): Promise<ErasedFirm | null> {
  const total: ErasedFirm = { connections: 0, appointments: 0 };
  for (;;) {
    const connections = await unitOfWork(em, firmId, livingConnections);
    for (const [index, id] of connections.entries()) {
      const erased = await eraseConnection(em, firmId, id, channels);
      total.connections += erased ? 1 : 0;
      total.appointments += erased?.appointments ?? 0;
      onErased(id, index + 1, connections.length);
    }
    const last = await unitOfWork(em, firmId, (unit) => eraseRest(unit, total.connections > 0));
    if (last === "LIVING") continue;
    await failpoint("erase.firm-committed");
    return last && { ...total, appointments: total.appointments + last.appointments };
  }
}

async function livingConnections({ em, firmId }: UnitOfWork): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from calendar_connection where firm_id = ${firmId} and erased_at is null order by id
  `.execute(em.getKysely());
  return rows.map(({ id }) => id);
}

/** "LIVING" where a connection has been added meanwhile; while the firm is locked none can be. */
async function eraseRest(
  unit: UnitOfWork,
  hasErased: boolean,
): Promise<Pick<ErasedFirm, "appointments"> | "LIVING" | null> {
  await haveTime(unit);
  const firm = await unit.em.findOne(Firm, { id: unit.firmId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!firm) return null;
  if ((await livingConnections(unit)).length > 0) return "LIVING";
  if (firm.erasedAt !== null && !hasErased) return null;
  firm.erase(unit.now);
  const appointments = await eraseRows(unit, ofFirm);
  record(unit, {
    eventType: "firm_erased",
    severity: "warning",
    resource: { type: "firm", id: unit.firmId },
    metadata: { connections: await countConnections(unit) },
  });
  await unit.em.flush();
  await failpoint("erase.firm-in-transaction");
  return { appointments };
}

async function countConnections({ em, firmId }: UnitOfWork): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from calendar_connection where firm_id = ${firmId}
  `.execute(em.getKysely());
  return rows[0]?.count ?? 0;
}
