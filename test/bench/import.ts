import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newInstallation, TestApp, type Installation } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { createTestDatabase } from "../support/database.js";
import { startTestCluster } from "../support/test-cluster.js";
import { runTypeScript } from "../support/typescript-process.js";
import { writeImportFiles, type ImportSize, type RealCalendar } from "./import-files.js";
import type { Bench, Measurement } from "./measurement.js";
import { peakMegabytes } from "./process-memory.js";

const entry = new URL("../../src/commands/import.ts", import.meta.url);
const realCalendars = 20;
const eventsOfCalendar = 100;
const lookEveryMs = 100;
const mostMegabytes = 400;
const leastRowsPerSecond = 2_000;

/** A tenth of the rows, and all of them, imported by `npm run import`; then some of the imported connections synced. */
export const importBench: Bench = async ({ isQuick, tell }) => {
  const stopCluster = await startTestCluster();
  const folder = await mkdtemp(join(tmpdir(), "calendar-sync-bench-"));
  const all = isQuick
    ? { firms: 20, connections: 1_000, appointments: 100_000 }
    : { firms: 20, connections: 10_000, appointments: 1_000_000 };
  const tenth = { ...all, connections: all.connections / 10, appointments: all.appointments / 10 };
  try {
    const small = await importOf(tenth, folder, tell);
    const large = await importOf(all, folder, tell);
    return [...ofSpeed(large), ofMemory(small, large), large.synced];
  } finally {
    await rm(folder, { recursive: true, force: true });
    await stopCluster();
  }
};

interface Imported {
  size: ImportSize;
  seconds: number;
  againSeconds: number;
  megabytes: number;
  areIdsEqual: boolean;
  synced: Measurement;
}

function ofSpeed({ size, seconds, againSeconds, areIdsEqual }: Imported): Measurement[] {
  const rows = size.connections + size.appointments;
  const rate = Math.round(rows / seconds);
  const what = `import of ${size.connections} connections and ${size.appointments} appointments`;
  return [
    {
      what,
      target: `≥ ${leastRowsPerSecond} rows/s, ids equal`,
      measured: `${rate} rows/s (${Math.round(seconds)} s), ids ${areIdsEqual ? "equal" : "differ"}`,
      isMet: rate >= leastRowsPerSecond && areIdsEqual,
      profile: "one process reads, PostgreSQL merges",
    },
    {
      what: `${what}, once more`,
      target: "no slower",
      measured: `${Math.round(againSeconds)} s`,
      isMet: againSeconds <= seconds,
      profile: "looking for what is stored",
    },
  ];
}

function ofMemory(small: Imported, large: Imported): Measurement {
  return {
    what: "peak memory of an import, all rows beside a tenth",
    target: `≤ ${mostMegabytes} MB`,
    measured: `${large.megabytes} MB beside ${small.megabytes} MB`,
    isMet: large.megabytes <= mostMegabytes,
    profile: "memory grows with the rows",
  };
}

async function importOf(size: ImportSize, folder: string, tell: (line: string) => void): Promise<Imported> {
  const installation = await newInstallation(await createTestDatabase());
  try {
    const calendars = addCalendars(installation);
    const files = await writeImportFiles(folder, size, calendars);
    tell(`${size.connections} connections, ${size.appointments} appointments`);
    const first = await runImport(installation, files);
    const again = await runImport(installation, files);
    tell(`${first.seconds.toFixed(1)} s, ${first.megabytes} MB at most; once more ${again.seconds.toFixed(1)} s`);
    const { areIdsEqual, synced } = await look(installation, size, calendars);
    return { size, ...first, againSeconds: again.seconds, areIdsEqual, synced };
  } finally {
    await installation.simulator.close();
    await installation.database.drop();
  }
}

function addCalendars({ simulator }: Installation): RealCalendar[] {
  return Array.from({ length: realCalendars }, (_, index) => {
    const account = `real${index + 1}@example.com`;
    simulator.control.addAccount(account, { provider: "google" });
    addEvents(simulator, account, eventsOfCalendar);
    const month = 30 * 86_400_000;
    const events = simulator.control.occurrences(account, new Date(), new Date(Date.now() + month));
    return { account, refreshToken: simulator.control.refreshTokenOf(account), events };
  });
}

/** In a process of its own, as the command does it. @throws Error where it does not exit with 0 */
async function runImport(
  { environment }: Installation,
  files: string[],
): Promise<{ seconds: number; megabytes: number }> {
  const begun = performance.now();
  const env = { ...process.env, ...environment };
  const { child, ended } = runTypeScript(entry, files, { env, cwd: tmpdir() });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  let megabytes = 0;
  const looking = setInterval(() => {
    megabytes = Math.max(megabytes, peakMegabytes(child.pid ?? 0) ?? 0);
  }, lookEveryMs);
  const exit = await ended;
  clearInterval(looking);
  if (exit !== 0) throw new Error(`the import ended with ${exit}: ${output}`);
  return { seconds: (performance.now() - begun) / 1000, megabytes };
}

interface Ids {
  are_equal: boolean;
}

/** Whether every row has its own id, and what the first pulls of the connections whose calendars are there make of it. */
async function look(
  installation: Installation,
  size: ImportSize,
  calendars: readonly RealCalendar[],
): Promise<{ areIdsEqual: boolean; synced: Measurement }> {
  const app = await TestApp.start({ installation });
  try {
    await app.sql(
      "update calendar_connection set next_pull_at = now() + interval '1 day' where next_pull_at is not null",
    );
    const real = calendars.reduce((sum, { events }) => sum + events.length, 0);
    const [ids] = await app.sql<Ids>(
      `select count(*) = $1 and count(distinct id) = $1 and max(id) = $1
           and bool_and(external_event_id = 'event-' || id) filter (where id > $2)
           and (select count(*) = $3 and max(id) = $3 and bool_and(account_email = 'account' || id || '@example.com') filter (where id > $4) from calendar_connection)
         as are_equal from appointment`,
      [size.appointments, real, size.connections, calendars.length],
    );
    for (let connection = 1; connection <= calendars.length; connection += 1) await app.pull(String(connection));
    const [found] = await app.sql<{ rows: number; live: number }>(
      `select count(*)::int as rows, count(*) filter (where status = 'CONFIRMED' and id <= $2)::int as live
       from appointment where connection_id <= $1`,
      [calendars.length, real],
    );
    return { areIdsEqual: ids?.are_equal === true, synced: ofSync(real, found?.rows ?? 0, found?.live ?? 0) };
  } finally {
    await app.stop();
  }
}

function ofSync(real: number, rows: number, live: number): Measurement {
  return {
    what: `first pulls of ${realCalendars} imported connections`,
    target: `their ${real} appointments found again, none twice`,
    measured: `${live} found again, ${rows - real} added`,
    isMet: live === real && rows === real,
    profile: "events were not matched",
  };
}
