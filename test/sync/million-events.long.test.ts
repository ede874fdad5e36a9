import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { peakMegabytes } from "../bench/process-memory.js";
import { CrashingPostgres } from "../support/crashing-postgres.js";
import type { LargeCalendarOrder } from "../support/large-calendars.js";
import type { ServerProcess } from "../support/server-process.js";
import { LargeSync, type RunProgress, type WorkerOptions } from "./large-sync.js";

/** MILLION_EVENTS makes it a smaller one, to try the test itself. */
const events = Number(process.env["MILLION_EVENTS"] ?? 1_000_000);
const mostMegabytes = 256;
const mostWalBytes = (1_048_576 * events) / 100_000;

const calendars: readonly (LargeCalendarOrder & { page: number })[] = [
  { account: "million@example.com", provider: "google", events, page: 2_500 },
  { account: "million@example.org", provider: "microsoft", events, page: 1_000 },
];

jest.setTimeout(3_600_000);

let postgres: CrashingPostgres;
let sync: LargeSync;

beforeAll(async () => {
  // Of its own: what is written to its log is this sync's alone.
  postgres = await CrashingPostgres.start();
  sync = await LargeSync.start(calendars, postgres.database);
  await worker().then((compiled) => compiled.stop());
});

afterAll(async () => {
  await sync.stop();
  await postgres.stop();
});

/** The first one of a kind compiles what is not compiled yet, and has the compiler in its memory. */
function worker(options?: WorkerOptions): Promise<ServerProcess> {
  return sync.startWorker(options);
}

const peakOf = ({ pid }: ServerProcess): number => peakMegabytes(pid) ?? 0;

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

/** Says every twentieth of the calendar how it goes. */
function saying(name: string, running: ServerProcess): (progress: RunProgress) => void {
  let told = -1;
  return ({ createdCount, unchangedCount, pagesDone, status }) => {
    const twentieths = Math.floor((20 * (createdCount + unchangedCount)) / events);
    if (twentieths === told) return;
    told = twentieths;
    say(`${name}: ${status}, ${pagesDone} pages, ${createdCount} new, ${unchangedCount} known, ${peakOf(running)} MB`);
  };
}

async function attempts(connectionId: string): Promise<unknown[]> {
  return sync.app.sql(
    "select status, error_summary from sync_attempt where connection_id = $1 and operation = 'RESYNC' order by id",
    [connectionId],
  );
}

/** Where each row is, and which transaction has written it. */
async function rowVersions(connectionId: string): Promise<unknown[]> {
  return sync.app.sql(
    `select count(*)::int as rows, count(distinct external_event_id)::int as events,
       sum(hashtextextended(ctid::text || xmin::text, 0)) as versions
     from appointment where connection_id = $1`,
    [connectionId],
  );
}

async function walBytes(work: () => Promise<unknown>): Promise<number> {
  await sync.app.sql("vacuum");
  const [before] = await sync.app.sql<{ lsn: string }>("select pg_current_wal_insert_lsn() as lsn");
  await work();
  const [after] = await sync.app.sql<{ bytes: string }>(
    "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1) as bytes",
    [before?.lsn],
  );
  return Number(after?.bytes);
}

describe.each(calendars)("a $provider calendar of a million events", (calendar) => {
  const { account, provider, page } = calendar;
  const pages = Math.ceil(events / page);
  let connectionId: string;

  test("comes in whole and once in 256 MB, although its worker is killed half-way, and tells its progress", async () => {
    connectionId = await sync.connect(calendar);
    const first = await worker();
    const correlationId = await sync.resync(connectionId);
    const seen: number[] = [];
    const follow = (tell: (progress: RunProgress) => void, until?: (progress: RunProgress) => boolean) =>
      sync.follow(
        correlationId,
        (progress) => {
          seen.push(progress.createdCount);
          tell(progress);
        },
        until,
      );
    await follow(saying(`${provider}, first worker`, first), ({ createdCount }) => createdCount >= events / 2);
    const firstPeak = peakOf(first);
    await first.end();
    const second = await worker();
    const ended = await follow(saying(`${provider}, second worker`, second));
    const secondPeak = peakOf(second);
    await second.stop();

    expect(ended).toMatchObject({ status: "SUCCEEDED", createdCount: events, updatedCount: 0, unchangedCount: 0 });
    expect(await attempts(connectionId)).toEqual([
      { status: "FAIL", error_summary: "Worker lost" },
      { status: "SUCCESS", error_summary: null },
    ]);
    expect(await rowVersions(connectionId)).toMatchObject([{ rows: events, events }]);
    expect(Math.max(firstPeak, secondPeak)).toBeLessThanOrEqual(mostMegabytes);
    expect(new Set(seen).size).toBeGreaterThan(10);
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
    // One page was being written when the worker died, and the next one fetched meanwhile.
    const requests = await sync.calendars.requests(account);
    const lists = requests.filter(({ url }) => /\/events\?|calendarView\/delta/.test(url));
    expect(lists.filter(({ url }) => !/pageToken=|skiptoken=/.test(url))).toHaveLength(1);
    expect(lists.length).toBeGreaterThanOrEqual(pages);
    expect(lists.length).toBeLessThanOrEqual(pages + 2);
  });

  test("is left as it is by a second resync, which writes next to nothing", async () => {
    const before = await rowVersions(connectionId);
    const third = await worker();
    const written = await walBytes(async () => {
      const correlationId = await sync.resync(connectionId);
      const ended = await sync.follow(correlationId, saying(`${provider}, again`, third));
      expect(ended).toMatchObject({ status: "SUCCEEDED", createdCount: 0, updatedCount: 0, unchangedCount: events });
    });
    say(`${provider}, again: ${Math.round(written / 1024)} kB of WAL, ${peakOf(third)} MB`);
    expect(await rowVersions(connectionId)).toEqual(before);
    expect(written).toBeLessThan(mostWalBytes);
    expect(peakOf(third)).toBeLessThanOrEqual(mostMegabytes);
    await third.stop();
  });
});

test("a worker that keeps a round's events until its end needs more memory than that", async () => {
  const [calendar] = calendars;
  if (!calendar) throw new Error("there is no calendar");
  const planted = {
    file: "src/sync/pull.ts",
    find: `await failpoint("page.fetched");`,
    replace: `((globalThis as { kept?: unknown[] }).kept ??= []).push(page); await failpoint("page.fetched");`,
  };
  await worker({ planted }).then((compiled) => compiled.stop());
  const keeping = await worker({ planted });
  expect(peakOf(keeping)).toBeLessThan(mostMegabytes);
  const correlationId = await sync.resync(await sync.connect(calendar, "2"), "2");
  let peak = 0;
  // Its heap is full then, and Node gives up.
  const isTooMuch = () => peak > mostMegabytes || !keeping.isRunning;
  const tell = saying("keeping", keeping);
  const look = (progress: RunProgress): void => {
    peak = Math.max(peak, peakOf(keeping));
    tell(progress);
  };
  await sync.follow(correlationId, look, isTooMuch, "2");
  say(`keeping: ${peak} MB${keeping.isRunning ? "" : `, ended by ${await keeping.ended}`}`);
  expect(isTooMuch()).toBe(true);
  await keeping.end();
});
