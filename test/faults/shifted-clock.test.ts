import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { violations } from "./lost-workers.js";
import { plantedFaults } from "./planted-faults.js";

jest.setTimeout(120_000);

let app: TestApp;
let server: ServerProcess | null = null;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api", SYNC_INTERVAL_SECONDS: "300" } });
});

afterEach(async () => {
  if (server) expect(await server.stop()).toBe(0);
  server = null;
});

afterAll(async () => {
  await app.stop();
});

interface Pulled {
  due: string;
  notDue: string;
  account: string;
}

/** A connection that is due, whose provider fails once, and another one that is due in an hour, at a server whose clock is off. */
async function pullAt(clockHours: number, planted?: PlantedFault): Promise<Pulled> {
  const account = `due${clockHours}${planted ? ".planted" : ""}@example.com`;
  const due = await app.connect(account);
  const notDue = await app.connect(`later.${account}`);
  addEvents(app.simulator, account, 3);
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { status: 503, body: "down" } });
  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [due]);
  await app.sql("update calendar_connection set next_pull_at = now() + interval '1 hour' where id = $1", [notDue]);
  server = await ServerProcess.start(app, { roles: "worker,scheduler", clockHours, planted });
  await until(async () => {
    const ended = "select from sync_run where connection_id = $1 and status = 'SUCCEEDED'";
    return (await app.sql(ended, [due])).length === 1;
  });
  return { due, notDue, account };
}

async function runsOf(connection: string): Promise<number> {
  return (await app.sql("select from sync_run where connection_id = $1", [connection])).length;
}

/** Everything with a time that the pull has written: each must lie between the two moments, by the database's clock. */
const times = `
  select created_at as at from sync_run where connection_id = $1
  union all select started_at from sync_run where connection_id = $1
  union all select finished_at from sync_run where connection_id = $1
  union all select unnest(array[started_at, finished_at]) from sync_attempt where connection_id = $1
  union all select last_sync_at from connection_statistics where connection_id = $1
  union all select unnest(array[created_at, updated_at]) from appointment where connection_id = $1
  union all select e.created_at from audit_event e join sync_run r using (firm_id, correlation_id) where r.connection_id = $1`;

describe.each([2, -2])("a server whose clock is off by %s hours", (clockHours) => {
  test("finds the same due, waits as long, and writes the database's time", async () => {
    const [begun] = await app.sql<{ now: string }>("select now()::timestamptz(3)::text as now");
    const { due, notDue, account } = await pullAt(clockHours);

    expect(await runsOf(due)).toBe(1);
    expect(await runsOf(notDue)).toBe(0);
    const told = await app.sql<{ count: string; outside: string }>(
      `select count(*) as count, count(*) filter (where at not between $2 and now()) as outside from (${times}) written`,
      [due, begun?.now],
    );
    expect(Number(told[0]?.count)).toBeGreaterThan(10);
    expect(told[0]?.outside).toBe("0");
    const [ahead] = await app.sql<Record<string, boolean>>(
      `select c.next_pull_at between now() - interval '20 s' and now() + interval '310 s' as "nextPull",
         (select bool_and(lease_ends_at between now() and now() + interval '16 s') from across_firms.worker_process) as lease,
         (select access_token_expires_at between now() + interval '50 min' and now() + interval '60 min' from calendar_credential k
          where k.connection_id = c.id) as token,
         (select bool_and(next.started_at >= failed.next_retry_at) from sync_attempt failed join sync_attempt next using (run_id)
          where failed.connection_id = c.id and failed.retry_count = 0 and next.retry_count = 1) as retry
       from calendar_connection c where id = $1`,
      [due],
    );
    expect(ahead).toEqual({ nextPull: true, lease: true, token: true, retry: true });
    const refreshes = app.simulator.control.requests({ account }).filter(({ method }) => method === "POST");
    expect(refreshes).toHaveLength(1);
    expect(await violations(app)).toEqual([]);
  });
});

if (isLong)
  test("a scheduler that decides by its own clock what is due is noticed", async () => {
    const { notDue } = await pullAt(2, plantedFaults.dueByOwnClock);
    expect(await runsOf(notDue)).toBeGreaterThan(0);
  });
