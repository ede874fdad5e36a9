import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";

/** Makes the unit's firm under that name; one that is there stays as it is. Returns whether it was made. */
export async function insertFirm(unit: UnitOfWork, name: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into firm (id, name) values (${unit.firmId}, ${name}) on conflict (id) do nothing
  `.execute(unit.em.getKysely());
  return numAffectedRows === 1n;
}
