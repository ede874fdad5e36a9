import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sweep } from "../../src/appointments/sweep.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { databaseOfFile } from "../support/sessions.js";

const events = 20_000;
const file = databaseOfFile();

let database: Database;

beforeAll(async () => {
  database = await openDatabase(file.urls.appUrl, 1);
});

afterAll(async () => {
  await database.close();
});

test("the end of a first round is not compared row by row while PostgreSQL has not counted what the round has brought", async () => {
  const session = await file.session("superuser");
  await session.query("alter table appointment set (autovacuum_enabled = off)");
  await session.query("alter table seen_appointment set (autovacuum_enabled = off)");
  await session.query("insert into firm (id, name) values (1, 'A firm')");
  await session.query(
    `insert into calendar_connection (firm_id, id, provider, owner_id, account_email, calendar_id)
     values (1, 1, 'GOOGLE', 'staff-1', 'staff@example.com', 'primary')`,
  );
  await session.query(
    `with made as (
       insert into appointment (firm_id, connection_id, external_event_id, title, starts_at, ends_at)
       select 1, 1, 'event-' || number, 'Visit', now() + interval '1 hour', now() + interval '2 hours'
       from generate_series(1, $1::int) number returning id
     )
     insert into seen_appointment (firm_id, run_id, appointment_id) select 1, 1, id from made`,
    [events],
  );
  const day = 86_400_000;
  const swept = await unitOfWork(database.em, "1", (unit) =>
    sweep(unit, {
      ...{ connectionId: "1", correlationId: crypto.randomUUID(), runId: "1", seenCount: events },
      range: { start: new Date(Date.now() - day), end: new Date(Date.now() + day) },
      ...{ allowMassCancel: false, pushedBefore: null },
    }),
  );
  // Row by row it would be ended by the time that a statement may take.
  expect(swept).toEqual({ kind: "SWEPT", cancelled: 0 });
});
