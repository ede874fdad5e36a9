import { Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { pino } from "pino";
import { openSystemDatabase } from "../../src/database/orm.js";
import { PullIntervals, stretchedSeconds } from "../../src/sync/pull-intervals.js";
import { TestApp, until } from "../support/app.js";

const interval = 3000;
const dailyRequests = 1000;
const googleConnections = 40;

/** The API and the scheduler, for whose runs no worker comes. Google's quota is too small for its connections. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({
    environment: {
      ROLES: "api,scheduler",
      SYNC_INTERVAL_SECONDS: String(interval),
      GOOGLE_DAILY_REQUESTS: String(dailyRequests),
    },
  });
  await app.sql("insert into firm (id, name) values (1, 'A firm')");
});

afterAll(async () => {
  await app.stop();
});

/** So many connections, imported at once: their first pulls are due. */
async function imported(provider: "GOOGLE" | "MICROSOFT", count: number): Promise<void> {
  await app.sql(
    `insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id, next_pull_at)
     select 1, $1, 'staff-1', lower($1) || number || '@example.com', 'primary', now() from generate_series(1, $2::integer) number`,
    [provider, count],
  );
}

interface Due {
  id: string;
  runs: number;
  /** Seconds from the moment it was taken. */
  wait: number;
  /** Where in its interval it is due. */
  phase: number;
}

async function due(provider: string): Promise<Due[]> {
  return app.sql<Due>(
    `select c.id, (select count(*)::int from sync_run r where r.connection_id = c.id) as runs,
       extract(epoch from next_pull_at - now())::float8 as wait,
       (extract(epoch from next_pull_at) * 1000)::bigint % ($2::integer * 1000) as phase
     from calendar_connection c where provider = $1 order by id`,
    [provider, interval],
  );
}

async function untilTaken(provider: string): Promise<Due[]> {
  await until(async () => (await due(provider)).every(({ wait }) => wait > -1 && wait !== 0));
  await until(async () => (await due(provider)).every(({ wait }) => wait > 0));
  return due(provider);
}

function crowdedBy(times: readonly number[]): number {
  const seconds = Map.groupBy(times, (time) => Math.floor(time));
  return Math.max(...[...seconds.values()].map((crowd) => crowd.length));
}

test("connections that are imported at once are pulled at once, and after that each at its own moment of the interval", async () => {
  await imported("MICROSOFT", 200);
  const first = await untilTaken("MICROSOFT");
  expect(first.every(({ runs }) => runs === 1)).toBe(true);
  expect(Math.max(...first.map(({ wait }) => wait))).toBeLessThanOrEqual(interval);
  expect(crowdedBy(first.map(({ wait }) => wait))).toBeLessThan(20);

  await app.sql("update calendar_connection set next_pull_at = now() where provider = 'MICROSOFT'");
  const second = await untilTaken("MICROSOFT");
  expect(second.map(({ phase }) => phase)).toEqual(first.map(({ phase }) => phase));
});

test("what an outage has kept waiting is not pulled at once but at its own moment, within the interval", async () => {
  await app.sql("delete from sync_run where connection_id in (select id from calendar_connection where id % 10 = 0)");
  await app.sql("update sync_run set status = 'CANCELLED', finished_at = now()");
  const before = await due("MICROSOFT");
  const begun = performance.now();
  await app.sql(
    "update calendar_connection set next_pull_at = now() - interval '2 hours' where provider = 'MICROSOFT'",
  );
  const after = await untilTaken("MICROSOFT");
  // Those whose own moment has come meanwhile have been pulled at it.
  const later = after.filter(({ wait }) => wait < interval - (performance.now() - begun) / 1000 - 1);
  expect(later.length).toBeGreaterThan(before.length / 2);
  expect(later.filter(({ runs }) => runs !== 1)).toEqual([]);
  expect(after.map(({ phase }) => phase)).toEqual(before.map(({ phase }) => phase));
  expect(Math.max(...after.map(({ wait }) => wait))).toBeLessThanOrEqual(interval);
});

test("the interval of Google connections is stretched so that planned pulls use at most half of the daily quota", async () => {
  await imported("GOOGLE", googleConnections);
  const { seconds, lines } = await measured();
  const needed = (googleConnections * 86_400) / (dailyRequests / 2);
  expect(seconds.googleSeconds).toBeGreaterThanOrEqual(needed);
  expect(seconds.googleSeconds).toBeLessThan(needed * 1.11);
  expect(seconds.seconds).toBe(interval);
  expect(lines.map(({ msg }) => msg)).toEqual([
    `scheduler: Google connections are pulled every ${seconds.googleSeconds} seconds`,
  ]);

  await untilTaken("GOOGLE");
  const another = await TestApp.start({
    installation: app.installation,
    environment: {
      ROLES: "scheduler",
      SYNC_INTERVAL_SECONDS: String(interval),
      GOOGLE_DAILY_REQUESTS: String(dailyRequests),
    },
  });
  await app.sql("update calendar_connection set next_pull_at = now() where provider = 'GOOGLE'");
  const taken = await untilTaken("GOOGLE");
  await another.stop();
  expect(Math.max(...taken.map(({ wait }) => wait))).toBeLessThanOrEqual(seconds.googleSeconds);
  expect(Math.max(...taken.map(({ wait }) => wait))).toBeGreaterThan(interval);
  const { syncStatus } = await app.manager<{ syncStatus: { nextSyncAt: string } }>(
    "query ($id: ID!) { syncStatus(connectionId: $id) { nextSyncAt } }",
    { id: taken[0]?.id },
  );
  const [shown] = await app.sql("select from calendar_connection where id = $1 and next_pull_at = $2", [
    taken[0]?.id,
    syncStatus.nextSyncAt,
  ]);
  expect(shown).toBeDefined();
});

async function measured(): Promise<{ seconds: PullIntervals; lines: { msg: string }[] }> {
  const lines: { msg: string }[] = [];
  const log = pino(
    new Writable({
      write: (line: Buffer, _encoding, written) => {
        lines.push(JSON.parse(line.toString()) as { msg: string });
        written();
      },
    }),
  );
  const database = await openSystemDatabase(app.installation.database.systemUrl, 1);
  const options = { intervalSeconds: interval, googleDailyRequests: dailyRequests };
  const seconds = new PullIntervals(database.em, options, log);
  await seconds.refresh();
  await seconds.refresh();
  await database.close();
  return { seconds, lines };
}

test("a stretched interval never plans more than half of the daily requests, and is not longer than that needs", () => {
  const numbers = fc.record({
    intervalSeconds: fc.integer({ min: 1, max: 7 * 86_400 }),
    googleDailyRequests: fc.integer({ min: 1, max: 10_000_000 }),
    requests: fc.double({ min: 0, max: 1_000_000, noNaN: true }),
  });
  fc.assert(
    fc.property(numbers, ({ requests, ...options }) => {
      const seconds = stretchedSeconds(options, requests);
      const planned = (requests * 86_400) / seconds;
      expect(seconds).toBeGreaterThanOrEqual(options.intervalSeconds);
      if (seconds === options.intervalSeconds) return;
      expect(planned).toBeLessThanOrEqual((options.googleDailyRequests / 2) * 1.000_001);
      expect((requests * 86_400) / ((seconds - 1) / 1.1)).toBeGreaterThan((options.googleDailyRequests / 2) * 0.999);
    }),
  );
});
