import { setTimeout as delay } from "node:timers/promises";
import type { Failpoint } from "../../src/failpoints.js";
import { verify } from "../../src/verify/verify.js";
import { ServerProcess } from "../support/server-process.js";
import { storedAndProvided } from "../support/stored.js";
import { Fleet, serverEnvironment, type FleetPlan } from "./fleet.js";
import { Load } from "./load.js";
import { NemesisWorld } from "./world.js";

export interface NemesisPlan extends FleetPlan {
  connections: number;
  /** Runs that must have been made before it may end. */
  runs: number;
  /** How often PostgreSQL is stopped at once. */
  databaseCrashes: number;
  crashEveryMs: number;
  /** It ends then, whatever has been reached. */
  longestMs: number;
  tell: (line: string) => void;
}

export interface NemesisReport {
  runs: number;
  attempts: number;
  lostWorkers: number;
  databaseCrashes: number;
  failedStarts: readonly string[];
  hits: ReadonlyMap<Failpoint, number>;
  missing: Failpoint[];
  acknowledged: number;
  /** Everything that must not be; empty where every property held. */
  wrong: string[];
}

const tellEveryMs = 5_000;
const restMs = 90_000;

/** Kills, freezes and crashes under load, then quiet, then looks whether anything was lost, doubled or left behind. */
export async function runNemesis(plan: NemesisPlan): Promise<NemesisReport> {
  const world = await NemesisWorld.start(plan.connections);
  try {
    const fleet = new Fleet(world, plan);
    const load = new Load(world, fleet);
    fleet.start();
    load.start();
    const databaseCrashes = await rage(world, fleet, plan);
    await load.end();
    await fleet.end();
    plan.tell(`quiet: ${await world.count("sync_run")} runs, waiting for what is under way`);
    const wrong = [...fleet.unexpected, ...new Set(load.faults), ...(await comeToRest(world))];
    wrong.push(...(await lookAround(world)), ...(await lostAcknowledgements(world, load.acknowledged)));
    return {
      runs: await world.count("sync_run"),
      attempts: await world.count("sync_attempt"),
      lostWorkers: await world.count("sync_attempt where error_code = 'WORKER_LOST'"),
      databaseCrashes,
      failedStarts: fleet.failedStarts,
      ...{ hits: fleet.hits, missing: fleet.missing(), acknowledged: load.acknowledged.size, wrong },
    };
  } finally {
    await world.stop();
  }
}

/** Returns how often PostgreSQL has crashed. */
async function rage(world: NemesisWorld, fleet: Fleet, plan: NemesisPlan): Promise<number> {
  const begun = performance.now();
  let crashes = 0;
  for (let told = 0; ;) {
    const spent = performance.now() - begun;
    const isReached = fleet.missing().length === 0 && (await world.count("sync_run")) >= plan.runs;
    if ((isReached && crashes >= plan.databaseCrashes) || spent > plan.longestMs) return crashes;
    const isCrashDue = spent > (crashes + 1) * plan.crashEveryMs || isReached;
    if (crashes < plan.databaseCrashes && isCrashDue) {
      crashes += 1;
      plan.tell(`${seconds(spent)} PostgreSQL crashes`);
      await world.postgres.crash();
      await delay(1_000);
      await world.postgres.startAgain();
    }
    if (spent - told > tellEveryMs) {
      told = spent;
      plan.tell(
        `${seconds(spent)} ${await world.count("sync_run")} runs, still to be hit: ${fleet.missing().join(", ")}`,
      );
    }
    await delay(200);
  }
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s:`;
}

/** Servers that nobody disturbs finish what there is, and then one more pull of each connection. */
async function comeToRest(world: NemesisWorld): Promise<string[]> {
  world.endFaults();
  const environment = { ...serverEnvironment, SYNC_INTERVAL_SECONDS: "3600" };
  const servers = [
    await ServerProcess.start(world.app, { roles: "worker,scheduler", environment }),
    await ServerProcess.start(world.app, { roles: "worker", environment }),
  ];
  const wrong: string[] = [];
  if (!(await isReached(() => nothingIsUnderWay(world)))) wrong.push("runs are still under way");
  const [row] = await world.sql<{ now: string }>("select now()::text as now");
  await world.sql("update calendar_connection set next_pull_at = now() where status = 'ACTIVE'");
  const isPulled = () => everyConnectionIsPulledSince(world, String(row?.now));
  if (!(await isReached(isPulled))) wrong.push("not every connection is pulled again");
  for (const server of servers) {
    const code = await server.stop();
    if (code !== 0) wrong.push(`a server that nobody disturbed ended with ${code}`);
  }
  return wrong;
}

async function isReached(holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + restMs;
  while (performance.now() < deadline) {
    if (await holds()) return true;
    await delay(200);
  }
  return false;
}

/** What waits for a retry, or for its turn in the retry budget, need not be waited for. */
async function nothingIsUnderWay(world: NemesisWorld): Promise<boolean> {
  await world.sql(
    `with due as (
       update sync_run set next_retry_at = now() where status = 'RETRYING' and next_retry_at > now() + interval '2 s'
       returning job_id, open_failure_id, next_retry_at
     ), failure as (
       update sync_attempt a set next_retry_at = due.next_retry_at from due where a.id = due.open_failure_id
     )
     update pgboss.job j set start_after = now() from due where due.job_id = j.id and j.state = 'created'`,
  );
  return (await world.count("sync_run where status in ('QUEUED', 'RUNNING', 'RETRYING')")) === 0;
}

async function everyConnectionIsPulledSince(world: NemesisWorld, since: string): Promise<boolean> {
  const missing = await world.sql(
    `select from calendar_connection c where not exists (
       select from sync_run r where r.connection_id = c.id and r.operation = 'LIST_CHANGES' and r.created_at >= $1 and r.status = 'SUCCEEDED')`,
    [since],
  );
  return missing.length === 0 && (await nothingIsUnderWay(world));
}

/** What is stored is what the providers have, nothing is left running, and every invariant holds. */
async function lookAround(world: NemesisWorld): Promise<string[]> {
  const wrong: string[] = [];
  for (const { id, account } of world.connections) {
    const [connection] = await world.sql<{ status: string; window_end: Date | null; failures: string }>(
      `select status, window_end, (
         select string_agg(a.error_code, ', ' order by a.id) from sync_attempt a
         where a.connection_id = c.id and a.error_class = 'NON_RETRYABLE') as failures
       from calendar_connection c where id = $1`,
      [id],
    );
    if (connection?.status !== "ACTIVE") {
      wrong.push(`${account} is ${connection?.status ?? "gone"} after ${connection?.failures ?? "nothing"}`);
    }
    if (!connection?.window_end) {
      wrong.push(`${account} has never been pulled to its end`);
      continue;
    }
    const { stored, provided } = await storedAndProvided(world.app, id);
    if (stored.join("\n") !== provided.join("\n")) {
      wrong.push(`${account}: ${stored.length} appointments are stored, its provider has ${provided.length}`);
    }
  }
  const running = await world.count("sync_attempt where status = 'RUNNING'");
  if (running > 0) wrong.push(`${running} attempts are still running`);
  const { invariants } = await verify(world.postgres.database.systemUrl);
  for (const { name, count, violations } of invariants) {
    if (count > 0) wrong.push(`verify: ${name} (${count}): ${JSON.stringify(violations.slice(0, 3))}`);
  }
  return wrong;
}

/** Everything that a manager was told is asked for is there, with its audit. */
async function lostAcknowledgements(world: NemesisWorld, acknowledged: ReadonlySet<string>): Promise<string[]> {
  const rows = await world.sql<{ id: string }>(
    `select id from unnest($1::uuid[]) as acknowledged (id) where not exists (
       select from sync_run r join audit_event e on e.firm_id = r.firm_id and e.correlation_id = r.correlation_id
       where r.correlation_id = acknowledged.id and e.event_type like '%\\_requested')`,
    [[...acknowledged]],
  );
  return rows.map(({ id }) => `the acknowledged request ${id} is lost`);
}

/** A line for each failpoint, with how often it was hit. */
export function hitLines({ hits }: NemesisReport): string[] {
  return [...hits].map(([name, count]) => `${String(count).padStart(4)} ${name}`);
}
