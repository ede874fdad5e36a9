import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { maintain } from "../../src/maintain/maintain.js";
import { verify } from "../../src/verify/verify.js";
import { importing } from "../import/importing.js";
import { given } from "../import/lines.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { retention } from "./long-history.js";

let database: TestDatabase;
let owner: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client(database.ownerUrl);
  await owner.connect();
});

afterAll(async () => {
  await owner.end();
  await database.drop();
});

function daysAgo(days: number): { started_at: string; finished_at: string } {
  const instant = new Date(Date.now() - days * 86_400_000).toISOString();
  return { started_at: instant, finished_at: instant };
}

async function counters(): Promise<unknown> {
  const { rows } = await owner.query("select * from connection_statistics");
  return rows;
}

test("an import that is repeated brings back no attempts that retention has dropped, and counts none twice", async () => {
  const lines = [
    given.firm(17),
    given.connection(17, 123),
    given.attempt(17, 1, 123, daysAgo(300)),
    given.failedAttempt(17, 2, 123, daysAgo(200)),
    given.attempt(17, 3, 123, daysAgo(10)),
  ];
  await importing(database, [lines]);
  await maintain(owner, { retention });
  const before = await counters();
  expect(before).toMatchObject([
    { successes: "2", archived_successes: "1", transient_failures: "1", archived_transient_failures: "1" },
  ]);
  const told = await importing(database, [lines]);
  expect(told[0]).toBe(
    "firm 17: 0 connections, 0 appointments, 0 attempts imported; 5 rows already here stay as they are",
  );
  expect(await counters()).toEqual(before);
  expect((await owner.query("select id from sync_attempt")).rows).toEqual([{ id: "3" }]);
  const { invariants } = await verify(database.systemUrl);
  expect(invariants.filter(({ count }) => count > 0).map(({ name }) => name)).toEqual([]);
});
