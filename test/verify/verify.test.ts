import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { invariants } from "../../src/verify/invariants.js";
import { checkInvariants, verify, type CheckedInvariant } from "../../src/verify/verify.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { insertConsistentHistory } from "./consistent-history.js";
import { plantedViolations, type PlantedViolation } from "./planted-violations.js";

let database: TestDatabase;
let superuser: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  superuser = new pg.Client(database.superuserUrl);
  await superuser.connect();
  await insertConsistentHistory(superuser);
});

afterAll(async () => {
  await superuser.end();
  await database.drop();
});

const planted = Object.entries(plantedViolations).flatMap(([name, plants]) =>
  plants.map((plant, index) => ({ name, number: index + 1, plant })),
);

describe("verify", () => {
  test("finds nothing in an empty database", async () => {
    const empty = await createTestDatabase();
    expect(violated((await verify(empty.systemUrl)).invariants)).toEqual([]);
    await empty.drop();
  });

  test("finds nothing in a consistent history, with the rights of the system login", async () => {
    const { invariants: checked } = await verify(database.systemUrl);
    expect(violated(checked)).toEqual([]);
    expect(checked.map(({ name }) => name)).toEqual(invariants.map(({ name }) => name));
  });

  test("has a planted violation for every invariant, and no two invariants of one name", () => {
    expect(Object.keys(plantedViolations).sort()).toEqual(invariants.map(({ name }) => name).sort());
  });

  test.each(planted)("finds what breaks $name ($number)", async ({ name, plant }) => {
    const found = violated(await afterPlanting(plant));
    expect(found.map((invariant) => invariant.name).sort()).toEqual([name, ...(plant.alsoBreaks ?? [])].sort());
    const violations = found.find((invariant) => invariant.name === name)?.violations ?? [];
    expect(violations).toHaveLength(plant.found.length);
    expect(violations).toEqual(expect.arrayContaining(plant.found));
  });

  test("counts all violations and names the first twenty", async () => {
    const sql = `insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id)
      select 2, 'GOOGLE', 'u1', n || '@example.com', 'primary' from generate_series(1, 50) n`;
    const checked = await afterPlanting({ sql, found: [] });
    const credentials = checked.find(({ name }) => name === "credentials");
    expect(credentials?.count).toBe(50);
    expect(credentials?.violations).toHaveLength(20);
  });

  test("does not miss what retention may have dropped", async () => {
    const sql = `
      update sync_run set created_at = created_at - interval '200 days', started_at = started_at - interval '200 days',
        finished_at = finished_at - interval '200 days';
      update sync_attempt set started_at = started_at - interval '200 days', finished_at = finished_at - interval '200 days';
      update connection_statistics set last_sync_at = last_sync_at - interval '200 days',
        last_successful_sync_at = last_successful_sync_at - interval '200 days';
      update audit_event set created_at = created_at - interval '200 days';
      update calendar_connection set status_changed_at = status_changed_at - interval '200 days',
        circuit_opened_at = circuit_opened_at - interval '200 days';
      delete from sync_attempt where connection_id = 1 and status <> 'RUNNING';
      update connection_statistics set archived_successes = 2, archived_transient_failures = 2 where connection_id = 1;
      delete from sync_run where id = 2;`;
    expect(violated(await afterPlanting({ sql, found: [] }))).toEqual([]);
  });

  test("does not miss audit events older than their retention", async () => {
    const sql = `
      update sync_run set created_at = created_at - interval '800 days', finished_at = finished_at - interval '800 days';
      update sync_attempt set started_at = started_at - interval '800 days', finished_at = finished_at - interval '800 days';
      update connection_statistics set last_sync_at = last_sync_at - interval '800 days',
        last_successful_sync_at = last_successful_sync_at - interval '800 days';
      update calendar_connection set status_changed_at = status_changed_at - interval '800 days',
        circuit_opened_at = circuit_opened_at - interval '800 days';
      update appointment set updated_at = updated_at - interval '800 days';
      update idempotency_key set created_at = created_at - interval '800 days';
      delete from audit_event;`;
    expect(violated(await afterPlanting({ sql, found: [] }))).toEqual([]);
  });

  test("tells each invariant as it is asked", async () => {
    const told: string[] = [];
    await verify(database.systemUrl, {
      onStart: ({ name }) => told.push(`? ${name}`),
      onChecked: ({ name, count }) => told.push(`${count} ${name}`),
    });
    expect(told).toEqual(invariants.flatMap(({ name }) => [`? ${name}`, `0 ${name}`]));
  });
});

/** What is violated after planting it, which is then undone. Constraints and triggers stand back for it where they must. */
async function afterPlanting({ sql }: PlantedViolation): Promise<CheckedInvariant[]> {
  await superuser.query("begin");
  try {
    await superuser.query("set local session_replication_role = replica");
    await superuser.query(sql);
    return await checkInvariants(superuser);
  } finally {
    await superuser.query("rollback");
  }
}

function violated(checked: readonly CheckedInvariant[]): CheckedInvariant[] {
  return checked.filter(({ count }) => count > 0);
}
