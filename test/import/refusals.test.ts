import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { importing } from "./importing.js";
import { given } from "./lines.js";

let database: TestDatabase;
let superuser: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  superuser = new pg.Client(database.superuserUrl);
  await superuser.connect();
  await importing(database, [[...firm(1), given.attempt(1, 30, 10), given.appointment(1, 21, null)]]);
  await superuser.query("insert into firm (id, name) values (99, 'Another one')");
});

afterAll(async () => {
  await superuser.end();
  await database.drop();
});

function firm(id: number): unknown[] {
  return [given.firm(id), given.connection(id, 10), given.appointment(id, 20, 10)];
}

/** What is stored, firm by firm. */
async function stored(): Promise<string> {
  const { rows } = await superuser.query<{ stored: string }>(
    `select (select json_agg(f order by f.id) from firm f)::text || (select json_agg(c order by c.firm_id, c.id) from calendar_connection c)::text
       || (select json_agg(a order by a.firm_id, a.id) from appointment a)::text || (select count(*) from sync_attempt) as stored`,
  );
  return String(rows[0]?.stored);
}

/** Imports the lines, checks that nothing at all has changed, and answers with what is told. */
async function refusalOf(lines: readonly unknown[]): Promise<string[]> {
  const before = await stored();
  const told = await importing(database, [lines]);
  expect(await stored()).toBe(before);
  return told.slice(0, -1);
}

const whole = "refused whole, for 1 line";

describe("a firm is refused whole, by file and line, for", () => {
  const cases: [what: string, lines: unknown[], told: string[]][] = [
    [
      "a line that is wrong by itself",
      [...firm(2), given.appointment(2, 21, 10, { title: 5 })],
      ["a.ndjson:4: appointment 21: title must be text of 0 to 4000 characters", `firm 2: ${whole}`],
    ],
    [
      "no line of its own, where it is not known",
      firm(2).slice(1),
      ["a.ndjson:1: firm 2 has no line and is not in the database", `firm 2: ${whole}`],
    ],
    [
      "two lines of its own",
      [...firm(2), given.firm(2)],
      ["a.ndjson:4: firm 2: the same firm stands in a.ndjson:1", `firm 2: ${whole}`],
    ],
    [
      "an id that comes twice",
      [...firm(2), given.appointment(2, 20, 10, { external_event_id: "other" })],
      ["a.ndjson:4: appointment 20: the same id stands in a.ndjson:3", `firm 2: ${whole}`],
    ],
    [
      "a calendar that comes twice",
      [...firm(2), given.connection(2, 11, { account_email: "account10@example.com" })],
      ["a.ndjson:4: connection 11: the same calendar stands in a.ndjson:2", `firm 2: ${whole}`],
    ],
    [
      "a calendar that comes by another of its names",
      [
        ...firm(2),
        given.connection(2, 11, { account_email: "Account10@example.com", calendar_id: "account10@EXAMPLE.com" }),
      ],
      ["a.ndjson:4: connection 11: the same calendar stands in a.ndjson:2", `firm 2: ${whole}`],
    ],
    [
      "a calendar that is here by another of its names",
      [given.connection(1, 11, { account_email: "Account10@example.com", calendar_id: "account10@example.com" })],
      ["a.ndjson:1: connection 11: its calendar is connection 10 here", `firm 1: ${whole}`],
    ],
    [
      "an event that comes twice",
      [...firm(2), given.appointment(2, 21, 10, { external_event_id: "event-20" })],
      ["a.ndjson:4: appointment 21: the same event stands in a.ndjson:3", `firm 2: ${whole}`],
    ],
    [
      "an appointment of no connection of the firm",
      [given.firm(2), given.appointment(2, 20, 77)],
      ["a.ndjson:2: appointment 20: the firm has no connection 77", `firm 2: ${whole}`],
    ],
    [
      "one of another firm's connection",
      [given.appointment(99, 20, 10)],
      ["a.ndjson:1: appointment 20: the firm has no connection 10", `firm 99: ${whole}`],
    ],
    [
      "an attempt of no connection of the firm",
      [given.firm(2), given.attempt(2, 20, 77)],
      ["a.ndjson:2: attempt 20: the firm has no connection 77", `firm 2: ${whole}`],
    ],
    [
      "an attempt of no appointment of the firm",
      [...firm(2), given.attempt(2, 30, 10, { operation: "delete", appointment_id: 5 })],
      ["a.ndjson:4: attempt 30: the firm has no appointment 5", `firm 2: ${whole}`],
    ],
    [
      "an attempt that has not finished",
      [...firm(2), given.attempt(2, 30, 10, { finished_at: "2999-01-01T00:00:00Z" })],
      ["a.ndjson:4: attempt 30: it has not finished yet", `firm 2: ${whole}`],
    ],
    [
      "a connection's id that is another calendar's here",
      [given.connection(1, 10, { calendar_id: "team" })],
      ["a.ndjson:1: connection 10: this id is another calendar's here", `firm 1: ${whole}`],
    ],
    [
      "a calendar that is another connection here",
      [given.connection(1, 11, { account_email: "account10@example.com" })],
      ["a.ndjson:1: connection 11: its calendar is connection 10 here", `firm 1: ${whole}`],
    ],
    [
      "an appointment's id that is another event's here",
      [given.appointment(1, 20, 10, { external_event_id: "other" })],
      ["a.ndjson:1: appointment 20: this id is another appointment's here", `firm 1: ${whole}`],
    ],
    [
      "one that has no event",
      [given.appointment(1, 21, 10)],
      ["a.ndjson:1: appointment 21: this id is another appointment's here", `firm 1: ${whole}`],
    ],
    [
      "an event that is another appointment here",
      [given.appointment(1, 22, 10, { external_event_id: "event-20" })],
      ["a.ndjson:1: appointment 22: its event is appointment 20 here", `firm 1: ${whole}`],
    ],
    [
      "an attempt's id that is another one's here",
      [given.attempt(1, 30, 10, { operation: "resync" })],
      ["a.ndjson:1: attempt 30: this id is another attempt's here", `firm 1: ${whole}`],
    ],
  ];

  test.each(cases)("%s", async (_what, lines, told) => {
    expect(await refusalOf(lines)).toEqual(told);
  });
});

test("a refused firm does not keep the others from being imported", async () => {
  const told = await importing(database, [[...firm(3), given.appointment(4, 1, 1), ...firm(5)], [given.firm(4)]]);
  expect(told).toEqual([
    "firm 3: 1 connection, 1 appointment, 0 attempts imported",
    "a.ndjson:4: appointment 1: the firm has no connection 1",
    "firm 4: refused whole, for 1 line",
    "firm 5: 1 connection, 1 appointment, 0 attempts imported",
    "import: 2 firms imported, 1 refused",
  ]);
});

test("nothing is imported where a line does not tell its firm, since it may be any firm's", async () => {
  const told = await refusalOf([...firm(6), '{"type":"appointment","firm_id":6,"id":21,"tit', { type: "appointment" }]);
  expect(told).toEqual([
    "a.ndjson:4: is not JSON",
    "a.ndjson:5: firm_id is missing; id is missing; title is missing; and 3 more",
  ]);
  expect(await refusalOf([])).toEqual(["a.ndjson:1: the file has no lines"]);
});

test("of very many refused lines the first thousand are told, and the others counted", async () => {
  const lines = Array.from({ length: 1_500 }, (_, index) => given.appointment(7, index + 1, 10));
  const told = await refusalOf([given.firm(7), ...lines]);
  expect(told).toHaveLength(1_002);
  expect(told[0]).toBe("a.ndjson:2: appointment 1: the firm has no connection 10");
  expect(told.slice(-2)).toEqual(["… and 500 lines more", "firm 7: refused whole, for 1,500 lines"]);
});

test("a dry run tells what an import would do, and changes nothing", async () => {
  const lines = [...firm(8), given.appointment(1, 20, 10), given.appointment(9, 1, 1), given.connection(1, 8_000)];
  const before = await stored();
  const sequence = "select last_value from calendar_connection_id_seq";
  const { rows: ids } = await superuser.query(sequence);
  const told = await importing(database, [lines], { isDryRun: true });
  expect(told).toEqual([
    "firm 1: 1 connection, 0 appointments, 0 attempts would be imported; 1 row already here stays as it is",
    "firm 8: 1 connection, 1 appointment, 0 attempts would be imported",
    "a.ndjson:5: firm 9 has no line and is not in the database",
    "a.ndjson:5: appointment 1: the firm has no connection 1",
    "firm 9: refused whole, for 2 lines",
    "import: 2 firms would be imported (this was a dry run: nothing is changed), 1 refused",
  ]);
  expect(await stored()).toBe(before);
  expect((await superuser.query(sequence)).rows).toEqual(ids);
});
