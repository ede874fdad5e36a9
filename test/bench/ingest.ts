import { AttemptWriter } from "../../src/sync/attempt-writer.js";
import { Appointment } from "../../src/appointments/appointment.entity.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import type { ChangePage } from "../../src/providers/provider.js";
import { copyAndMerge } from "./copy-merge.js";
import { eventsOf, pagesOf } from "./ingest-events.js";
import { IngestWorld } from "./ingest-world.js";
import { median, type Bench, type Measurement } from "./measurement.js";
import { usedMs } from "./processors.js";

interface Cost {
  ms: number;
  /** Of processors: this process and PostgreSQL's. What else the machine does changes it little. */
  usedMs: number;
}

interface Round {
  copy: Cost;
  first: Cost;
  copyAgain: Cost;
  again: Cost;
  walBytes: number;
  writtenRows: number;
}

const window = { pastDays: 30, futureDays: 3_650 };
/** Of the row-by-row competitor, whose time is told for as many rows as the others'. */
const singleRows = 500;

/** The database part of a first and of an unchanged resync, beside COPY and one merge of the same events, in turns. */
export const ingestBench: Bench = async ({ isQuick, tell }) => {
  const world = await IngestWorld.start();
  try {
    const measurements: Measurement[] = [];
    for (const [events, rounds, share] of isQuick ? quickSizes : sizes) {
      measurements.push(...(await ingest(world, { events, rounds, share, tell })));
    }
    return measurements;
  } finally {
    await world.stop();
  }
};

/** Events, rounds, and what a first resync is to reach of COPY and merge. */
const sizes = [
  [100_000, 5, 0.7],
  [1_000_000, 1, 0.6],
] as const;
const quickSizes = [[20_000, 3, 0.7]] as const;

async function ingest(
  world: IngestWorld,
  plan: { events: number; rounds: number; share: number; tell: (line: string) => void },
): Promise<Measurement[]> {
  const pages = pagesOf(plan.events);
  const measured: Round[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const result = await oneRound(world, pages);
    measured.push(result);
    const { copy, first, copyAgain, again, walBytes } = result;
    plan.tell(
      `${plan.events} events: COPY and merge ${cost(copy)}, first resync ${cost(first)}; again ${cost(copyAgain)}, ${cost(again)} with ${kilobytes(walBytes)} of WAL`,
    );
  }
  const single = await rowByRow(world, pages);
  plan.tell(`row by row through the ORM: ${ms(single.ms * (plan.events / singleRows))} (from ${singleRows})`);
  return measurementsOf(plan, measured);
}

function measurementsOf({ events, share }: { events: number; share: number }, rounds: Round[]): Measurement[] {
  const first = ratioOf(rounds.map((round) => [round.copy, round.first]));
  const again = ratioOf(rounds.map((round) => [round.copyAgain, round.again]));
  const written = Math.max(...rounds.map(({ writtenRows }) => writtenRows));
  const wal = median(rounds.map(({ walBytes }) => walBytes));
  const mostWal = (1_048_576 * events) / 100_000;
  const of = `of ${events} events`;
  return [
    {
      ...{ what: `first resync ${of}, beside COPY and merge`, target: `≥ ${share}`, measured: first.text },
      ...{ isMet: first.ms >= share, profile: "the statement of each page: index and constraint checks of each row" },
    },
    {
      ...{ what: `unchanged resync ${of}, beside COPY and merge`, target: "≥ 0.33", measured: again.text },
      ...{ isMet: again.ms >= 0.33, profile: "comparing each event with its row, and noting that it was seen" },
    },
    {
      ...{ what: `appointments written by an unchanged resync ${of}`, target: "0", measured: String(written) },
      ...{ isMet: written === 0, profile: "rows that differ in nothing were written" },
    },
    {
      what: `WAL of an unchanged resync ${of}`,
      ...{ target: `< ${kilobytes(mostWal)}`, measured: kilobytes(wal) },
      ...{ isMet: wal < mostWal, profile: "run, attempt and audit rows of each page" },
    },
  ];
}

/** How fast the other is beside the limit, in time and in time of processors. */
function ratioOf(pairs: readonly (readonly [Cost, Cost])[]): { ms: number; text: string } {
  const time = median(pairs.map(([limit, other]) => limit.ms / other.ms));
  const used = median(pairs.map(([limit, other]) => limit.usedMs / other.usedMs));
  return { ms: time, text: `${time.toFixed(2)} (of processors ${used.toFixed(2)})` };
}

const cost = (spent: Cost): string => `${ms(spent.ms)} (of processors ${ms(spent.usedMs)})`;
const ms = (time: number): string => `${Math.round(time)} ms`;
const kilobytes = (bytes: number): string => `${Math.round(bytes / 1024)} kB`;

async function oneRound(world: IngestWorld, pages: readonly ChangePage[]): Promise<Round> {
  const events = eventsOf(pages);
  const [copied, resynced] = [await world.connect(), await world.connect()];
  const copy = await timed(world, () => copyAndMerge(world.superuser, copied, events));
  const first = await timed(world, () => resync(world, resynced, pages));
  await world.superuser.query("vacuum analyze");
  const before = await rowVersions(world, resynced);
  const copyAgain = await timed(world, () => copyAndMerge(world.superuser, copied, events));
  const from = await walPosition(world);
  const again = await timed(world, () => resync(world, resynced, pages));
  const walBytes = await walSince(world, from);
  const writtenRows = (await rowVersions(world, resynced)) === before ? 0 : events.length;
  await world.superuser.query("delete from appointment");
  await world.superuser.query("vacuum appointment");
  return { copy, first, copyAgain, again, walBytes, writtenRows };
}

/** What was written before is on the disk: nobody pays for another one's pages. */
async function timed(world: IngestWorld, work: () => Promise<unknown>): Promise<Cost> {
  await world.superuser.query("checkpoint");
  const before = await processorTimes(world);
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  const used = [...(await processorTimes(world))].map(([pid, time]) => time - (before.get(pid) ?? 0));
  return { ms, usedMs: used.reduce((sum, time) => sum + time, 0) };
}

/** Of this process and the sessions that there are. */
async function processorTimes(world: IngestWorld): Promise<Map<number, number>> {
  return new Map([process.pid, ...(await sessions(world))].map((pid) => [pid, usedMs(pid)]));
}

async function sessions({ superuser }: IngestWorld): Promise<number[]> {
  const { rows } = await superuser.query<{ pid: number }>(
    "select pid from pg_stat_activity where backend_type = 'client backend'",
  );
  return rows.map(({ pid }) => pid);
}

/** As a worker does it, from the start of the attempt to its end. */
async function resync(world: IngestWorld, connectionId: string, pages: readonly ChangePage[]): Promise<void> {
  const started = await world.begin(connectionId);
  const writer = new AttemptWriter(world.em, started, world.closing);
  const round = await writer.beginFullRound(window);
  for (const [index, page] of pages.entries()) {
    if (page.nextPageToken !== null) await writer.writePage(page, round, index + 1);
    else {
      await writer.uncertainEvents(page, round);
      await writer.finish(page, round, "fingerprint", index + 1);
    }
  }
  if (writer.refusal !== null) throw new Error(`the resync was refused: ${writer.refusal}`);
}

/** Each event looked up and stored by itself, as an ORM invites one to, in one transaction. */
async function rowByRow(world: IngestWorld, pages: readonly ChangePage[]): Promise<Cost> {
  const connectionId = await world.connect();
  return timed(world, () =>
    unitOfWork(world.em, "1", async ({ em, firmId, now }) => {
      for (const { externalEventId, title, startsAt, endsAt, timeZone } of eventsOf(pages).slice(0, singleRows)) {
        if (await em.findOne(Appointment, { firmId, connectionId, externalEventId })) continue;
        em.create(Appointment, {
          ...{ firmId, connectionId, externalEventId, title, timeZone, status: "CONFIRMED", isAllDay: false },
          ...{ startsAt: new Date(startsAt), endsAt: new Date(endsAt), createdAt: now, updatedAt: now },
        });
        await em.flush();
      }
    }),
  );
}

/** Where each row is, and which transaction has written it. */
async function rowVersions({ superuser }: IngestWorld, connectionId: string): Promise<string> {
  const { rows } = await superuser.query<{ versions: string }>(
    "select count(*) || ' ' || sum(hashtextextended(ctid::text || xmin::text, 0)) as versions from appointment where connection_id = $1",
    [connectionId],
  );
  return String(rows[0]?.versions);
}

async function walPosition({ superuser }: IngestWorld): Promise<string> {
  await superuser.query("checkpoint");
  const { rows } = await superuser.query<{ lsn: string }>("select pg_current_wal_insert_lsn() as lsn");
  return String(rows[0]?.lsn);
}

async function walSince({ superuser }: IngestWorld, from: string): Promise<number> {
  const { rows } = await superuser.query<{ bytes: string }>(
    "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1) as bytes",
    [from],
  );
  return Number(rows[0]?.bytes);
}
