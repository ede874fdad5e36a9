import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { residentMegabytes } from "../bench/process-memory.js";
import { until } from "../support/app.js";
import { CrashingPostgres } from "../support/crashing-postgres.js";
import type { LargeCalendarOrder } from "../support/large-calendars.js";
import { ServerProcess } from "../support/server-process.js";
import { LargeSync } from "../sync/large-sync.js";
import { ManyManagers, type ManagedConnection } from "./many-managers.js";
import { openLoop, percentile, type Outcome } from "./open-loop.js";

const seconds = Number(process.env["LOAD_SECONDS"] ?? 300);
const perSecond = Number(process.env["LOAD_PER_SECOND"] ?? 300);
const firms = 20;
const connectionsOfFirm = 5;
const lookEveryMs = 5_000;

const large: LargeCalendarOrder = { account: "large@example.com", provider: "google", events: 100_000 };
const small = Array.from({ length: firms * connectionsOfFirm }, (_, index): LargeCalendarOrder => {
  return { account: `small${index}@example.com`, provider: index % 2 === 0 ? "google" : "microsoft", events: 20 };
});

jest.setTimeout(3_600_000);

let postgres: CrashingPostgres;
let sync: LargeSync;
let api: ServerProcess;
let worker: ServerProcess;

beforeAll(async () => {
  postgres = await CrashingPostgres.start();
  sync = await LargeSync.start([large, ...small], postgres.database);
  const usual = { ...sync.calendars.environment, RATE_LIMIT_PER_MINUTE: "100", SYNC_INTERVAL_SECONDS: "300" };
  // The simulated providers answer at once: more runs at a time would take the processors that the API shares with them.
  const background = { ...usual, WORKER_CONCURRENCY: "2" };
  api = await ServerProcess.start(sync.app, { roles: "api,scheduler", environment: usual });
  worker = await ServerProcess.start(sync.app, { roles: "worker", environment: background });
});

afterAll(async () => {
  await Promise.all([api, worker].map((server) => server.stop()));
  await sync.stop();
  await postgres.stop();
});

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

async function connectAll(): Promise<ManagedConnection[]> {
  const connections: ManagedConnection[] = [];
  for (const [index, order] of small.entries()) {
    const firmId = String(1 + (index % firms));
    connections.push({ id: await sync.connect(order, firmId), firmId });
  }
  await sync.app.sql("update calendar_connection set next_pull_at = now()");
  await until(async () => {
    const pulled = await sync.app.sql("select from calendar_connection where window_end is not null");
    return pulled.length === connections.length;
  });
  return connections;
}

/** As in operation: what is asked for often has been compiled, and the sessions with the database are there. */
async function warmUp(managers: ManyManagers): Promise<void> {
  await openLoop(String(api.url), { perSecond: perSecond / 5, seconds: 20 }, () => managers.next());
}

/** Megabytes that a process has gained in an hour, by the least squares through what was seen of it. */
function slope(samples: readonly { at: number; megabytes: number }[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(samples.map(({ at }) => at)), mean(samples.map(({ megabytes }) => megabytes))];
  const covariance = mean(samples.map(({ at, megabytes }) => (at - x) * (megabytes - y)));
  return (covariance / mean(samples.map(({ at }) => (at - x) ** 2))) * 3_600_000;
}

function tell(outcomes: readonly Outcome[]): void {
  for (const [name, own] of Map.groupBy(outcomes, (outcome) => outcome.name)) {
    const times = own.map(({ ms }) => ms);
    const refused = own.filter(({ refusal }) => refusal !== null).length;
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
    say(`${name}: ${own.length}, ${refused} refused, median ${p50.toFixed(0)} ms, 99 % within ${p99.toFixed(0)} ms`);
  }
  const times = outcomes.map(({ ms }) => ms);
  say(
    `all: ${outcomes.length}, median ${percentile(times, 0.5).toFixed(0)} ms, p99 ${percentile(times, 0.99).toFixed(0)} ms`,
  );
}

test("300 requests a second are all answered while a calendar of 100,000 events comes in", async () => {
  const connections = await connectAll();
  const managers = await ManyManagers.of(sync.app, connections, new Map());
  await warmUp(managers);
  const correlationId = await sync.resync(await sync.connect(large));
  const samples: { at: number; api: number; worker: number }[] = [];
  const looking = setInterval(() => {
    samples.push({
      at: performance.now(),
      api: residentMegabytes(api.pid) ?? NaN,
      worker: residentMegabytes(worker.pid) ?? NaN,
    });
  }, lookEveryMs);
  const outcomes = await openLoop(String(api.url), { perSecond, seconds }, () => managers.next());
  clearInterval(looking);
  tell(outcomes);
  for (const server of ["api", "worker"] as const) {
    const own = samples.map((sample) => ({ at: sample.at, megabytes: sample[server] }));
    say(
      `${server}: ${own[0]?.megabytes ?? 0} to ${own.at(-1)?.megabytes ?? 0} MB, ${slope(own).toFixed(0)} MB an hour`,
    );
  }
  const faults = outcomes.filter(({ fault }) => fault !== null);
  const kinds = [...Map.groupBy(faults, (outcome) => outcome.fault)].map(
    ([fault, own]) => `${own.length} × ${fault ?? ""}`,
  );
  const ended = await sync.follow(correlationId, () => undefined);
  say(`the resync: ${ended.status}, ${ended.createdCount} created`);
  expect(kinds).toEqual([]);
  expect(outcomes.length).toBeGreaterThanOrEqual(Math.floor(perSecond * seconds * 0.99));
  expect(ended).toMatchObject({ status: "SUCCEEDED", createdCount: large.events });
});
