import { sql } from "kysely";
import { appointmentToPush, type AppointmentToPush } from "../appointments/pushed-appointment.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { StoredCredentials } from "../connections/credentials.js";
import type { EntityManager } from "../database/orm.js";
import { prepared } from "../database/prepared-statements.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { putOff, startKindOf } from "./admission.js";
import { closeLostAttempt, type Engine } from "./close-attempt.js";
import { guardScope } from "./guard-scope.js";
import { insertAttempt } from "./insert-attempt.js";
import { lockRunAndConnection } from "./lock.js";
import { holdRun } from "./open-failure.js";
import { earliestStart } from "./rate-limit-rest.js";
import type { Admission, StartKind } from "./provider-gate.js";
import { SyncAttempt } from "./sync-attempt.entity.js";
import type { SyncRun } from "./sync-run.entity.js";

export interface RunJob {
  jobId: string;
  firmId: string;
  runId: string;
}

/** An attempt under way: what its worker needs to do and to close it. The entities are detached copies, to be read only. */
export interface StartedAttempt {
  firmId: string;
  runId: string;
  attemptId: string;
  startedAt: Date;
  /** Every write of this attempt checks that the run's fence is still this one. */
  fence: number;
  run: SyncRun;
  connection: CalendarConnection;
  /** As they were stored when it began; null where there were none. */
  credentials: StoredCredentials | null;
  /** What the run's appointment was to be at the provider when it began; null for pulls. */
  toPush: AppointmentToPush | null;
  /** Its provider is taken to be down: how it answers tells whether it is back. */
  isProbe: boolean;
}

/** The job's run would start, were its provider's gate open for it. */
interface Question {
  asks: StartKind;
  provider: CalendarConnection["provider"];
}

/**
 * Claims the job's run: the run becomes running, its fence rises, and the attempt is written before the provider is called. Null
 * where there is nothing to do: the job is stale, the connection is paused or revoked (the run is held), another pull of the
 * connection or push of the appointment runs (the run waits for its end), a rate limit wants the run to rest first, the provider is down or its retry budget used
 * up (the run is put off), or the run has now lost its worker for the last time.
 */
export async function startAttempt(em: EntityManager, job: RunJob, engine: Engine): Promise<StartedAttempt | null> {
  const claimed = await claim(em, job, engine, null);
  if (claimed === null || !("asks" in claimed)) return claimed;
  // The gate is asked outside any transaction, so that no firm's rows are locked while all firms' starts meet there.
  const admission = await engine.gate.ask(claimed.provider, claimed.asks);
  const answered = await claim(em, job, engine, admission);
  if (answered !== null && !("asks" in answered)) return answered;
  if (admission.kind === "START" && admission.isProbe) await engine.gate.giveUpProbe(claimed.provider);
  return null;
}

async function claim(
  em: EntityManager,
  job: RunJob,
  engine: Engine,
  admission: Admission | null,
): Promise<StartedAttempt | Question | null> {
  return unitOfWork(em, job.firmId, async (unit) => {
    const locked = await lockRunAndConnection(unit, job.runId);
    if (locked?.run.jobId !== job.jobId) return null;
    const { connection, run } = locked;
    if (run.status === "RUNNING" && !(await goesOnAfterLostWorker(unit, connection, run, engine))) return null;
    if (connection.status !== "ACTIVE") {
      await holdRun(unit, run, null);
      return null;
    }
    if (await anotherRuns(unit, run)) {
      engine.queue.waitBehind(run);
      return null;
    }
    const earliest = await earliestStart(unit, run, engine.policy);
    if (earliest) {
      await engine.queue.send(unit, run, earliest);
      return null;
    }
    const isShut = engine.gate.isShut(connection.provider);
    if (admission === null) {
      const asks = startKindOf(run, isShut);
      return asks === null ? begin(unit, locked, isShut) : { asks, provider: connection.provider };
    }
    if (admission.kind === "START") return begin(unit, locked, admission.isProbe);
    await putOff(unit, locked, admission, engine.queue);
    return null;
  });
}

async function goesOnAfterLostWorker(
  unit: UnitOfWork,
  connection: CalendarConnection,
  run: SyncRun,
  engine: Engine,
): Promise<boolean> {
  const attempt = await unit.em.findOneOrFail(SyncAttempt, { firmId: unit.firmId, id: String(run.lastAttemptId) });
  const statistics = new StatisticsChange();
  const goesOn = await closeLostAttempt({ unit, connection, run, attempt, statistics }, engine);
  await statistics.apply(unit, connection.id);
  await failpoint("start.lost-worker");
  return goesOn;
}

/** A pull of its connection, or a push of its appointment. */
async function anotherRuns(unit: UnitOfWork, run: SyncRun): Promise<boolean> {
  const scope = guardScope(run);
  if (!scope || run.status === "RUNNING") return false;
  const { connectionId, appointmentId, direction } = scope;
  const { rows } = await prepared(
    unit.em,
    sql`select from sync_run
      where firm_id = ${unit.firmId} and connection_id = ${connectionId} and direction = ${sql.lit(direction)} and status = 'RUNNING'
        and ${appointmentId === null ? sql`appointment_id is null` : sql`appointment_id = ${appointmentId}`}
      limit 1`,
  );
  return rows.length > 0;
}

async function begin(
  unit: UnitOfWork,
  { connection, run }: { connection: CalendarConnection; run: SyncRun },
  isProbe: boolean,
): Promise<StartedAttempt> {
  const { attemptId, credentials } = await insertAttempt(unit, run, connection);
  run.start(attemptId, unit.now);
  await failpoint("start.in-transaction");
  const { firmId, now: startedAt } = unit;
  const toPush = run.direction === "PUSH" ? await appointmentToPush(unit, String(run.appointmentId)) : null;
  return {
    firmId,
    runId: run.id,
    attemptId,
    startedAt,
    fence: run.fence,
    run,
    connection,
    credentials,
    toPush,
    isProbe,
  };
}
