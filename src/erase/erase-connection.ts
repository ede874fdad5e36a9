import { record } from "../audit/record.js";
import { endEverything } from "../attempts/end-runs.js";
import { lockConnection } from "../attempts/lock.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import type { ChannelEnding } from "./channel-ending.js";
import { eraseRows, haveTime, ofConnection } from "./erase-rows.js";

/** What was erased with a connection. */
export interface ErasedConnection {
  appointments: number;
  runsEnded: number;
}

/**
 * Erases what a connection holds about people, in one transaction: its tokens, appointments, account, calendar and owner, and every text of
 * its runs and attempts. Before that its channels end at their provider, as well as that can be done. Runs are ended; a worker that has
 * one in hand can write nothing more. The connection stays as a disconnected row, and its attempts, counters and audit as ids, codes and
 * times. Returns null where there is no such connection, or where it is erased already, which changes and audits nothing.
 */
export async function eraseConnection(
  em: EntityManager,
  firmId: string,
  connectionId: string,
  channels: ChannelEnding,
): Promise<ErasedConnection | null> {
  await channels.end(firmId, connectionId);
  const erased = await unitOfWork(em, firmId, async (unit) => {
    await haveTime(unit);
    const done = await erase(unit, connectionId);
    await failpoint("erase.in-transaction");
    return done;
  });
  await failpoint("erase.committed");
  return erased;
}

async function erase(unit: UnitOfWork, connectionId: string): Promise<ErasedConnection | null> {
  const connection = await lockConnection(unit, connectionId);
  if (connection?.erasedAt !== null) return null;
  const runsEnded = await endEverything(unit, connection, { because: "erased" });
  connection.erase(unit.now);
  await unit.em.flush();
  const appointments = await eraseRows(unit, ofConnection(connectionId));
  record(unit, {
    eventType: "calendar_connection_erased",
    severity: "warning",
    resource: { type: "calendar_connection", id: connectionId },
    metadata: { appointments, runs_ended: runsEnded },
  });
  await unit.em.flush();
  return { appointments, runsEnded };
}
