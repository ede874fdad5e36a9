import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { loggedLines } from "../support/logged-lines.js";
import { partitionsOf } from "./long-history.js";

let maintaining: TestApp;
let other: TestApp;
const { log, lines } = loggedLines("info");

beforeAll(async () => {
  maintaining = await TestApp.start({ isMaintaining: true });
  other = await TestApp.start({ installation: maintaining.installation, log });
});

afterAll(async () => {
  await other.stop();
  await maintaining.stop();
});

test("a scheduler that has the owner's login maintains the database when it is due", async () => {
  await until(
    async () =>
      (await maintaining.sql("select from across_firms.maintenance where finished_at is not null")).length === 1,
  );
  for (const table of ["sync_attempt", "audit_event"]) {
    expect(await partitionsOf(maintaining, table)).toEqual([`${table}_0`, `${table}_1000000`, `${table}_default`]);
  }
});

test("a scheduler without it says once that an operator must", () => {
  expect(lines.filter((line) => line.includes("npm run maintain"))).toHaveLength(1);
});
