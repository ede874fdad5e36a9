import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { failpoints, type Failpoint } from "../../src/failpoints.js";
import { failingCommand, type FailingCommandOptions } from "../credentials/failing-command.js";
import { violations } from "../faults/lost-workers.js";
import { TestApp } from "../support/app.js";
import { tablesWith } from "./everything.js";
import { canary, toldCalendar } from "./told-calendar.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

let app: TestApp;

beforeEach(async () => {
  app = await TestApp.start();
  for (const name of ["one", "two"]) await toldCalendar(app, name, "7");
  await app.connect("neighbour@x.test", "8");
  await app.sql(`update firm set name = '${canary} & Sons' where id = 7`);
  await app.sql(
    `insert into appointment (firm_id, title, starts_at, ends_at) values (7, '${canary} of no calendar', now(), now())`,
  );
});

afterEach(async () => {
  await app.stop();
});

function erase(options: FailingCommandOptions = {}, ...more: string[]) {
  return failingCommand(app, ["firm", "erase", "--id", "7", ...more], options);
}

async function audited(): Promise<string[]> {
  const rows = await app.sql<{ told: string }>(
    "select concat_ws(' ', event_type, metadata) as told from audit_event where event_type like '%\\_erased' order by id",
  );
  return rows.map(({ told }) => told);
}

const eachOnce = [
  'calendar_connection_erased {"runs_ended": 1, "appointments": 3}',
  'calendar_connection_erased {"runs_ended": 1, "appointments": 3}',
  'firm_erased {"connections": 2}',
];

describe("npm run firm -- erase", () => {
  test("leaves nothing of a firm's people, and other firms as they were", async () => {
    expect(await erase({}, "--dry-run")).toEqual({
      ended: 0,
      output: "Firm 7 would be erased, with 2 connections and 7 appointments.\n",
    });
    expect(await erase()).toEqual({ ended: 0, output: "Firm 7 erased, with 2 connections and 7 appointments.\n" });
    expect(await tablesWith(app, canary)).toEqual([]);
    expect(await audited()).toEqual(eachOnce);
    expect(await violations(app)).toEqual([]);
    expect(await app.sql("select name from firm order by id")).toEqual([{ name: "erased" }, { name: "A firm" }]);
    expect(await app.sql("select firm_id from calendar_credential")).toEqual([{ firm_id: "8" }]);
    expect(await erase()).toEqual({ ended: 0, output: "Firm 7 is erased already.\n" });
    expect(await audited()).toEqual(eachOnce);
  });

  test("refuses a firm that is not there", async () => {
    const outcome = await failingCommand(app, ["firm", "erase", "--id", "9"]);
    expect(outcome).toEqual({ ended: 1, output: "firm: there is no firm 9\n" });
  });

  test.each(Object.keys(failpoints).filter((name) => name.startsWith("erase.")) as Failpoint[])(
    "killed at %s goes on where it was when it is run again",
    async (name) => {
      const { ended, output } = await erase({ armed: { name, action: "kill", nth: 1 } });
      expect(ended).toBe("SIGKILL");
      expect(output).not.toContain(canary);
      expect(await violations(app)).toEqual([]);
      expect((await erase()).ended).toBe(0);
      expect(await tablesWith(app, canary)).toEqual([]);
      expect(await audited()).toEqual(eachOnce);
    },
  );
});
