import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { startTestEngine } from "../support/engine.js";

test("smoke", async () => {
  const t = await startTestEngine();
  const id = await t.connect("7", "ann@example.com");
  const day = (n: number, h: number) => new Date(Date.UTC(2026, 10, 22 + n, h)).toISOString();
  for (let i = 0; i < 20; i++) t.simulator.control.createEvent("ann@example.com", { title: `e${i}`, start: { dateTime: day(i, 9) } as never, end: { dateTime: day(i, 10) } as never });
  await new Promise((r) => setTimeout(r, 4000));
  const q = (text: string) => unitOfWork(t.app.em, "7", (u) => sql.raw(text).execute(u.em.getKysely()));
  console.log((await q("select status, operation, trigger, fence, created_count, pages_done, error_summary, is_full_round from sync_run")).rows);
  console.log((await q("select status, state, request_count, error_summary, error_code from sync_attempt")).rows);
  console.log((await q("select count(*), min(starts_at), max(title) from appointment")).rows);
  console.log((await q("select * from connection_statistics")).rows);
  console.log(t.simulator.control.requests().map((r) => `${r.method} ${r.url} ${r.status}`));
  expect(id).toBe("1");
  await t.stop();
});
