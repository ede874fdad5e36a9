import { LockMode } from "@mikro-orm/core";
import { record } from "../audit/record.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { Context } from "../context.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { AppError, notFound } from "../errors.js";
import { closeOpenFailure } from "./closing.js";
import { cancelRun } from "./cover-pulls.js";
import { lockConnection } from "./lock.js";
import { SyncRun } from "./sync-run.entity.js";

export interface ResyncRequest {
  connectionId: string;
  /** Lets the sweep cancel as many appointments as it finds missing. */
  allowMassCancel: boolean;
  /** At most 500 characters; kept with the run and in the audit. */
  reason: string | null;
  /** 0 answers at once. */
  waitSeconds: number;
}

/**
 * Asks for a full round over the connection's whole window. Joins the resync that is active already; replaces an incremental pull that
 * waits; waits behind a pull that runs. Answers with the run as it is when it has settled or the wait is over; the run goes
 * on in any case.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT with reason CONNECTION_REVOKED or CONNECTION_PAUSED
 */
export async function resyncConnection(context: Context, request: ResyncRequest): Promise<SyncRun> {
  const { actor, em, runs } = context;
  const runId = await unitOfWork(em, actor.firmId, async (unit) => {
    const connection = await lockConnection(unit, request.connectionId);
    if (!connection) throw notFound();
    assertActive(connection);
    const active = await activeResync(unit, connection.id);
    const run = active
      ? await join(context, unit, active, request)
      : await createRun(context, unit, connection, request);
    recordRequest(context, unit, { connection, run, request, joined: active !== null });
    return run.id;
  });
  await runs.settled(actor.firmId, runId, request.waitSeconds);
  return unitOfWork(em, actor.firmId, (unit) => unit.em.findOneOrFail(SyncRun, { firmId: unit.firmId, id: runId }));
}

function assertActive(connection: CalendarConnection): void {
  switch (connection.status) {
    case "REVOKED":
      throw new AppError("BAD_USER_INPUT", "This connection is revoked; reconnect it first", {
        reason: "CONNECTION_REVOKED",
      });
    case "PAUSED":
      throw new AppError("BAD_USER_INPUT", "This connection is paused", { reason: "CONNECTION_PAUSED" });
    case "ACTIVE":
  }
}

function activeResync(unit: UnitOfWork, connectionId: string): Promise<SyncRun | null> {
  return unit.em.findOne(
    SyncRun,
    {
      firmId: unit.firmId,
      connectionId,
      operation: "RESYNC",
      status: { $in: ["QUEUED", "RUNNING", "RETRYING", "HELD"] },
    },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

/** What this manager allows holds for the joined run too; a held one is tried again, since somebody asks for it. */
async function join(context: Context, unit: UnitOfWork, run: SyncRun, request: ResyncRequest): Promise<SyncRun> {
  if (request.allowMassCancel) run.allowMassCancel = true;
  if (run.status === "HELD") {
    const isBehindRunning = await replaceWaitingPulls(unit, run.connectionId, run.correlationId);
    run.requeue();
    if (!isBehindRunning) await context.runs.send(unit, run, null);
  }
  return run;
}

async function createRun(
  context: Context,
  unit: UnitOfWork,
  connection: CalendarConnection,
  request: ResyncRequest,
): Promise<SyncRun> {
  const correlationId = crypto.randomUUID();
  // Before the run is made, which the next flush inserts: the guard lets one pull wait at a time.
  const isBehindRunning = await replaceWaitingPulls(unit, connection.id, correlationId);
  const run = unit.em.create(SyncRun, {
    firmId: unit.firmId,
    correlationId,
    connectionId: connection.id,
    operation: "RESYNC",
    direction: "PULL",
    trigger: "MANUAL",
    allowMassCancel: request.allowMassCancel,
    requestedById: context.actor.userId,
    reason: request.reason,
    createdAt: unit.now,
  });
  await unit.em.persist(run).flush();
  if (!isBehindRunning) await context.runs.send(unit, run, null);
  return run;
}

/** Cancels the incremental pulls that wait, naming the resync instead of which they would run. Returns whether one runs. */
async function replaceWaitingPulls(unit: UnitOfWork, connectionId: string, correlationId: string): Promise<boolean> {
  const pulls = await unit.em.find(
    SyncRun,
    {
      firmId: unit.firmId,
      connectionId,
      operation: "LIST_CHANGES",
      status: { $in: ["QUEUED", "RUNNING", "RETRYING", "HELD"] },
    },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  const statistics = new StatisticsChange();
  for (const pull of pulls.filter(({ status }) => status !== "RUNNING")) {
    await closeOpenFailure(unit, statistics, pull, null);
    await cancelRun(unit, pull, { replaced_by_correlation_id: correlationId });
  }
  await unit.em.flush(); // the guards see the cancelled ones before the new run
  await statistics.apply(unit, connectionId);
  return pulls.some(({ status }) => status === "RUNNING");
}

function recordRequest(
  context: Context,
  unit: UnitOfWork,
  asked: { connection: CalendarConnection; run: SyncRun; request: ResyncRequest; joined: boolean },
): void {
  const { connection, run, request } = asked;
  record(unit, {
    eventType: "calendar_connection_resync_requested",
    actorId: context.actor.userId,
    resource: { type: "calendar_connection", id: connection.id },
    correlationId: run.correlationId,
    metadata: {
      provider: connection.provider.toLowerCase(),
      start_date: run.startDate?.toISOString() ?? null,
      end_date: run.endDate?.toISOString() ?? null,
      allow_mass_cancel: request.allowMassCancel,
      reason: request.reason,
      joined: asked.joined,
    },
  });
}
