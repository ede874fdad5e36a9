import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { Failpoint } from "../../src/failpoints.js";
import { failingCommand, type FailingCommandOptions } from "../credentials/failing-command.js";
import { queueResync, statusOf, violations } from "../faults/lost-workers.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { environmentOf, ServerProcess, type PlantedFault } from "../support/server-process.js";
import { tablesWith } from "./everything.js";
import { canary, reason, toldCalendar } from "./told-calendar.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

let app: TestApp;

afterEach(async () => {
  await app.stop();
});

function erase(connection: string, options: FailingCommandOptions = {}, ...more: string[]) {
  return failingCommand(app, ["erase", "--firm", "1", "--connection", connection, ...more], options);
}

async function audited(): Promise<unknown[]> {
  return app.sql(
    "select resource_id, metadata from audit_event where event_type = 'calendar_connection_erased' order by id",
  );
}

describe("npm run erase", () => {
  let connection: string;

  beforeEach(async () => {
    app = await TestApp.start();
    connection = await toldCalendar(app, "one");
  });

  test("leaves nothing of a connection's people in any table, and the rest of the firm as it was", async () => {
    const other = await app.connect("other@x.test");
    addEvents(app.simulator, "other@x.test", 2);
    await app.pull(other);
    expect(await tablesWith(app, canary)).toEqual([
      ...["public.appointment", "public.calendar_connection", "public.idempotency_key"],
      ...["public.sync_attempt_default", "public.sync_run"],
    ]);

    await app.sql(
      `insert into watch_channel (firm_id, id, connection_id, channel_id, resource_id, address, key_version, expires_at)
       values (1, gen_random_uuid(), $1, 'channel', 'resource', 'https://example.com/notifications/google', 1, now() + interval '1 day')`,
      [connection],
    );
    const outcome = await erase(connection, { environment: environmentOf(app) });
    expect(outcome).toEqual({ ended: 0, output: `connection ${connection} of firm 1 erased, with 3 appointments\n` });
    expect(await tablesWith(app, canary)).toEqual([]);
    expect(await tablesWith(app, reason)).toEqual(["public.audit_event_default"]);
    expect(await app.sql("select from calendar_credential where connection_id = $1", [connection])).toEqual([]);
    expect(await app.sql("select from watch_channel where connection_id = $1", [connection])).toEqual([]);
    expect(await audited()).toEqual([{ resource_id: connection, metadata: { appointments: 3, runs_ended: 1 } }]);
    expect(await violations(app)).toEqual([]);
    expect(await app.sql("select from appointment where connection_id = $1", [other])).toHaveLength(2);
    await app.pull(other);
  });

  test("keeps ids, codes, counts and times, which clients still find", async () => {
    const query = `query ($id: ID!) {
      calendarConnection(id: $id) {
        status statusReason accountEmail calendarName
        statistics { totalAttempts openFailures }
      }
      failedAttempts(connectionId: $id, includeClosed: true) { nodes { id } }
    }`;
    interface Told {
      calendarConnection: { statistics: object };
      failedAttempts: { nodes: object[] };
    }
    const before = await app.manager<Told>(query, { id: connection });
    await erase(connection);
    const after = await app.manager<Told>(query, { id: connection });
    expect(after.calendarConnection).toMatchObject({
      ...{ status: "REVOKED", statusReason: "DISCONNECTED", accountEmail: "erased", calendarName: null },
      statistics: { ...before.calendarConnection.statistics, openFailures: 0 },
    });
    expect(before.failedAttempts.nodes).toHaveLength(1);
    expect(after.failedAttempts).toEqual(before.failedAttempts);
  });

  test("only says what it would do when that is asked for", async () => {
    const outcome = await erase(connection, {}, "--dry-run");
    expect(outcome).toEqual({
      ended: 0,
      output: `connection ${connection} of firm 1 would be erased, with 3 appointments\n`,
    });
    expect(await audited()).toEqual([]);
  });

  test("a second time changes and audits nothing", async () => {
    await erase(connection);
    const again = await erase(connection);
    expect(again).toEqual({ ended: 0, output: `connection ${connection} of firm 1 is erased already\n` });
    expect(await audited()).toHaveLength(1);
  });

  test("refuses what is not there, or is another firm's, and arguments that are none", async () => {
    expect(await erase("999999")).toEqual({ ended: 1, output: "erase: there is no connection 999999 of firm 1\n" });
    const others = await failingCommand(app, ["erase", "--firm", "2", "--connection", connection]);
    expect(others).toEqual({ ended: 1, output: `erase: there is no connection ${connection} of firm 2\n` });
    expect((await failingCommand(app, ["erase", "--firm", "1"])).ended).toBe(2);
    expect((await erase("x")).ended).toBe(2);
  });

  test.each<Failpoint>(["erase.in-transaction", "erase.committed"])(
    "killed at %s has erased all or nothing, and can be run again",
    async (name) => {
      const { ended, output } = await erase(connection, { armed: { name, action: "kill" } });
      expect(ended).toBe("SIGKILL");
      expect(output).not.toContain(canary);
      expect(await audited()).toHaveLength(name === "erase.committed" ? 1 : 0);
      expect(await app.sql("select from appointment where title like 'canary%'")).toHaveLength(
        name === "erase.committed" ? 0 : 3,
      );
      expect(await violations(app)).toEqual([]);
      expect((await erase(connection)).ended).toBe(0);
      expect(await tablesWith(app, canary)).toEqual([]);
      expect(await audited()).toHaveLength(1);
    },
  );

  if (isLong)
    test.each<[string, PlantedFault]>([
      ["titles", { file: "src/erase/erase-rows.ts", find: "set title = 'erased', status", replace: "set status" }],
      [
        "summaries of errors",
        { file: "src/erase/erase-rows.ts", find: "set error_summary = error_code, provider", replace: "set provider" },
      ],
      [
        "idempotency keys",
        {
          file: "src/erase/erase-rows.ts",
          find: "run_id in (${runs})`.execute(kysely);\n  await sql`delete from seen",
          replace: "false`.execute(kysely);\n  await sql`delete from seen",
        },
      ],
    ])("is seen where it leaves %s", async (_, planted) => {
      expect((await erase(connection, { planted })).ended).toBe(0);
      expect(await tablesWith(app, canary)).not.toEqual([]);
    });
});

/** Erased while a worker waits for the second page of a full round. Returns how many appointments are there in the end. */
async function appointmentsAfterErasing(planted?: PlantedFault): Promise<number> {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  const connection = await app.connect("large@x.test");
  addEvents(app.simulator, "large@x.test", 3000);
  const account = "large@x.test";
  app.simulator.control.addFault({
    match: { account, pathRegex: "pageToken" },
    times: null,
    then: { delayMs: 15_000 },
  });
  const worker = await ServerProcess.start(app, { roles: "worker", planted });
  const run = await queueResync(app, connection);
  await until(async () => (await app.sql("select from sync_run where id = $1 and pages_done > 0", [run])).length > 0);
  expect((await erase(connection)).ended).toBe(0);
  expect(await statusOf(app, run)).toBe("CANCELLED");
  app.simulator.control.clearFaults();
  await until(async () => (await app.sql("select from pgboss.job where state in ('created', 'active')")).length === 0);
  await worker.stop();
  if (!planted) expect(await violations(app)).toEqual([]);
  return (await app.sql("select from appointment where title <> 'erased'")).length;
}

describe("a connection that is erased while a worker syncs it", () => {
  test("gets no appointment again", async () => {
    expect(await appointmentsAfterErasing()).toBe(0);
  });

  if (isLong)
    test("gets some again where the worker does not look at its fence", async () => {
      const find =
        'if (run.status !== "RUNNING" || run.fence !== this.attempt.fence) throw new FencedOffError(this.attempt);';
      const fault = { file: "src/sync/attempt-writer.ts", find, replace: "" };
      expect(await appointmentsAfterErasing(fault)).toBeGreaterThan(0);
    });
});
