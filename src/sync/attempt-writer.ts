import { sql } from "kysely";
import { applyChanges, type AppliedChanges } from "../appointments/apply-changes.js";
import { heldEvents, ownEvent, type VersionedEvent } from "../appointments/held-events.js";
import { forgetSeen, missingEvents, sweep, uncertainEvents, type SweepRequest } from "../appointments/sweep.js";
import {
  appointmentToPush,
  renewEventKey,
  storePushed,
  type AppointmentToPush,
  type PushOutcome,
} from "../appointments/pushed-appointment.js";
import { overlap, type TimeRange } from "../appointments/time-range.js";
import {
  closeCancelled,
  closeFailed,
  closeMassCancelRefused,
  closeStopped,
  closeSucceeded,
  type Engine,
} from "../attempts/close-attempt.js";
import type { Closing } from "../attempts/closing.js";
import { lockLastAttempt, lockRun, lockRunAndConnection } from "../attempts/lock.js";
import type { StartedAttempt } from "../attempts/start-attempt.js";
import type { SyncRun } from "../attempts/sync-run.entity.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import { failpoint } from "../failpoints.js";
import type { ChangePage, EventChange, KnownEvent, ProviderFailure } from "../providers/provider.js";
import { inSpan } from "../tracing/span.js";
import { windowAround, windowOf, type PullWindow } from "./pull-window.js";

/** The run has been started again by another worker, or ended: this attempt may write nothing more. */
export class FencedOffError extends Error {
  constructor(attempt: StartedAttempt) {
    super(`Attempt ${attempt.attemptId} of run ${attempt.runId} was fenced off`);
    this.name = "FencedOffError";
  }
}

/** The marks of the full round are gone (PostgreSQL crashed): only a new round can tell what is missing. */
export class NotesLostError extends Error {}

/** A manager wants the run to end: it does at its next page. */
export class CancelledError extends Error {}

/** What a pull knows about its round when it writes. */
export interface Round {
  /** FULL and BOUNDED rounds list everything in their range; only a full one yields a cursor. A STRIP comes before SINCE. */
  kind: "FULL" | "BOUNDED" | "STRIP" | "SINCE";
  range: TimeRange;
}

/** Everything that an attempt writes, each in one transaction that first checks the run's fence. */
export class AttemptWriter {
  /** Why the attempt ended badly; null while it has not. A refused sweep ends it so without an error. */
  refusal: string | null = null;

  constructor(
    private readonly em: EntityManager,
    private readonly attempt: StartedAttempt,
    private readonly engine: Engine,
  ) {}

  /** A round of everything from its first page on: within the run's bounds, else so many days around now. */
  async beginFullRound(window: PullWindow): Promise<Round> {
    return this.write(async (unit, run) => {
      const { startDate, endDate } = run;
      const range = startDate && endDate ? { start: startDate, end: endDate } : windowAround(unit.now, window);
      if (run.isFullRound) await forgetSeen(unit, run.id);
      run.beginFullRound(range.start, range.end);
      await failpoint("round.in-transaction");
      return { kind: run.isBounded() ? "BOUNDED" : "FULL", range };
    });
  }

  /** An incremental round of another window than the connection's, which moves when the round ends. */
  async beginMovingRound(range: TimeRange): Promise<Round> {
    await this.write((_unit, run) => {
      run.moveWindow(range.start, range.end);
      return Promise.resolve();
    });
    return { kind: "SINCE", range };
  }

  /** The live events that a page calls missing and does not tell otherwise. Writes nothing. */
  heldEvents(changes: readonly EventChange[]): Promise<KnownEvent[]> {
    const { firmId, connection } = this.attempt;
    return unitOfWork(this.em, firmId, (unit) => heldEvents(unit, connection.id, changes));
  }

  /** A page, and the checkpoint after which the next attempt goes on. */
  async writePage(page: ChangePage, round: Round, requestCount: number): Promise<void> {
    await inSpan("page write", {}, () =>
      this.write(async (unit, run) => {
        const applied = await this.apply(unit, run, page.changes, round);
        run.checkpoint(page.resumePageToken, applied, applied.seen);
        await this.countRequests(unit, requestCount);
        await failpoint("page.in-transaction");
      }),
    );
    await failpoint("page.committed");
  }

  /** Before the end of a full round: what it misses although that may be there. Writes nothing. */
  uncertainEvents(page: ChangePage, round: Round): Promise<KnownEvent[]> {
    const window = windowOf(this.attempt.connection);
    const isWithin = window && round.range.start >= window.start && round.range.end <= window.end;
    return this.write((unit, run) =>
      uncertainEvents(unit, sweepRequest(run, round), isWithin ? null : window, page.changes),
    );
  }

  /** Between the pages: requests sent so far. @throws CancelledError, FencedOffError when the attempt may not go on */
  noteRequests(requestCount: number): Promise<void> {
    return this.write((unit) => this.countRequests(unit, requestCount));
  }

  /**
   * What the attempt changes about its connection besides its own work. Returns whether it was done: on a connection that was paused or
   * revoked meanwhile nothing is. @throws FencedOffError, CancelledError
   */
  withConnection(work: (unit: UnitOfWork, connection: CalendarConnection) => Promise<void>): Promise<boolean> {
    return unitOfWork(this.em, this.attempt.firmId, async (unit) => {
      const locked = this.checked(await lockRunAndConnection(unit, this.attempt.runId));
      if (locked.run.cancelRequestedById !== null) throw new CancelledError();
      if (locked.connection.status !== "ACTIVE") return false;
      await work(unit, locked.connection);
      return true;
    });
  }

  /** The last page: its changes, the sweep of a full round, the cursor, and the end of attempt and run. */
  async finish(page: ChangePage, round: Round, cursorFingerprint: string, requestCount: number): Promise<void> {
    await inSpan("page write", {}, () =>
      this.complete(async (closing) => {
        const { unit, run, connection } = closing;
        const applied = await this.apply(unit, run, page.changes, round);
        run.checkpoint(null, applied, applied.seen);
        if (round.kind === "FULL" && !(await this.sweepRound(closing, round, requestCount))) return;
        connection.cursor = page.nextCursor;
        connection.cursorFingerprint = cursorFingerprint;
        connection.windowStart = round.range.start;
        connection.windowEnd = round.range.end;
        closing.statistics.connectionPulled();
        await closeSucceeded(closing, requestCount, this.engine);
      }),
    );
  }

  /**
   * What a complete bounded round has not seen, to be asked for singly. Null when the guard refuses to cancel so much: the attempt is
   * then closed as failed.
   */
  async missingEvents(round: Round, requestCount: number): Promise<KnownEvent[] | null> {
    let missing: KnownEvent[] | null = null;
    await this.complete(async (closing) => {
      const found = await missingEvents(closing.unit, sweepRequest(closing.run, round));
      missing = found.kind === "MISSING" ? found.events : null;
      if (found.kind === "NOTES_LOST") throw new NotesLostError();
      if (found.kind === "REFUSED") await closeMassCancelRefused(closing, found, requestCount, this.engine);
    });
    return missing;
  }

  /** The end of a bounded round: what has become of the missing events. The cursor stays. */
  async finishBounded(changes: readonly EventChange[], round: Round, requestCount: number): Promise<void> {
    await this.complete(async (closing) => {
      const { unit, run } = closing;
      run.addCounts(await this.apply(unit, run, changes, { ...round, kind: "SINCE" }));
      await failpoint("confirmation.in-transaction");
      await forgetSeen(unit, run.id);
      await closeSucceeded(closing, requestCount, this.engine);
    });
  }

  /** The event of the run's appointment. Writes nothing. */
  ownEvent(): Promise<VersionedEvent> {
    const { firmId, run } = this.attempt;
    return unitOfWork(this.em, firmId, (unit) => ownEvent(unit, String(run.appointmentId)));
  }

  /** The end of a single pull. A row that another pull has written meanwhile is newer than the answer: it stays. */
  async finishAppointment(changes: readonly EventChange[], version: string, requestCount: number): Promise<void> {
    await this.complete(async (closing) => {
      const { unit, run } = closing;
      const isCurrent = (await ownEvent(unit, String(run.appointmentId))).version === version;
      const range = { start: unit.now, end: unit.now };
      const counts = isCurrent ? await this.apply(unit, run, changes, { kind: "SINCE", range }) : unchangedOnce;
      run.addCounts(counts);
      await closeSucceeded(closing, requestCount, this.engine);
    });
  }

  /** What the run's appointment was to be at the provider when the attempt began. */
  appointmentToPush(): AppointmentToPush {
    const { runId, toPush } = this.attempt;
    if (toPush === null) throw new Error(`Run ${runId} pushes nothing`);
    return toPush;
  }

  /** What it is to be by now, under another key. */
  renewEventKey(appointment: AppointmentToPush): Promise<AppointmentToPush> {
    return this.write(async (unit) => {
      await renewEventKey(unit, appointment);
      return appointmentToPush(unit, appointment.id);
    });
  }

  /** The end of a push. What the provider has done is stored also where a manager has cancelled the run meanwhile. */
  async finishPush(pushed: AppointmentToPush, outcome: PushOutcome, requestCount: number): Promise<void> {
    await this.close(async (closing) => {
      const { unit, run } = closing;
      run.addCounts(await storePushed(unit, run, pushed, outcome));
      await failpoint("push.in-transaction");
      if (run.cancelRequestedById === null) await closeSucceeded(closing, requestCount, this.engine);
      else await closeCancelled(closing, requestCount, this.engine);
    });
  }

  async fail(failure: ProviderFailure, requestCount: number): Promise<void> {
    await this.close((closing) =>
      closing.run.cancelRequestedById === null
        ? closeFailed(closing, failure, requestCount, this.engine)
        : closeCancelled(closing, requestCount, this.engine),
    );
  }

  async cancel(requestCount: number): Promise<void> {
    await this.close((closing) => closeCancelled(closing, requestCount, this.engine));
  }

  async stop(requestCount: number): Promise<void> {
    await this.close((closing) =>
      closing.run.cancelRequestedById === null
        ? closeStopped(closing, requestCount, this.engine)
        : closeCancelled(closing, requestCount, this.engine),
    );
  }

  /**
   * Over what the round and the connection's window share. Returns whether the round stands; a refused one closes the attempt as
   * failed.
   */
  private async sweepRound(closing: Closing, round: Round, requestCount: number): Promise<boolean> {
    const { unit, run, connection } = closing;
    const window = windowOf(connection);
    const range = window ? overlap(round.range, window) : round.range;
    const swept = await sweep(unit, sweepRequest(run, { ...round, range }));
    switch (swept.kind) {
      case "NOTES_LOST":
        throw new NotesLostError();
      case "REFUSED":
        await closeMassCancelRefused(closing, swept, requestCount, this.engine);
        return false;
      case "SWEPT":
        run.cancelledCount += swept.cancelled;
        await failpoint("sweep.in-transaction");
        return true;
    }
  }

  private apply(
    unit: UnitOfWork,
    run: SyncRun,
    changes: readonly EventChange[],
    round: Round,
  ): Promise<AppliedChanges> {
    return applyChanges(unit, {
      connectionId: run.connectionId,
      correlationId: run.correlationId,
      changes,
      range: round.range,
      notedForRun: round.kind === "FULL" || round.kind === "BOUNDED" ? run.id : null,
      isFirstRound: round.kind === "FULL" && windowOf(this.attempt.connection) === null,
    });
  }

  /** What ends the attempt well, unless a manager wants it cancelled. */
  private complete(work: (closing: Closing) => Promise<void>): Promise<void> {
    return this.close((closing) => {
      if (closing.run.cancelRequestedById !== null) throw new CancelledError();
      return work(closing);
    });
  }

  private async close(work: (closing: Closing) => Promise<void>): Promise<void> {
    await failpoint("close.before");
    await unitOfWork(this.em, this.attempt.firmId, async (unit) => {
      const locked = this.checked(await lockLastAttempt(unit, this.attempt.runId));
      const statistics = new StatisticsChange();
      await work({ unit, ...locked, statistics });
      await unit.em.flush();
      await statistics.apply(unit, locked.connection.id);
      await failpoint("close.in-transaction");
      this.refusal = locked.attempt.errorCode;
    });
    await failpoint("close.committed");
  }

  private async write<T>(work: (unit: UnitOfWork, run: SyncRun) => Promise<T>): Promise<T> {
    return unitOfWork(this.em, this.attempt.firmId, async (unit) => {
      const found = await lockRun(unit, this.attempt.runId);
      const { run } = this.checked(found && { run: found });
      if (run.cancelRequestedById !== null) throw new CancelledError();
      return work(unit, run);
    });
  }

  /** @throws FencedOffError where the run is gone, or no longer this attempt's */
  private checked<Locked extends { run: SyncRun }>(locked: Locked | null): Locked {
    if (locked?.run.status !== "RUNNING" || locked.run.fence !== this.attempt.fence) {
      throw new FencedOffError(this.attempt);
    }
    return locked;
  }

  /** In the page's own transaction, so that the count survives the worker. */
  private async countRequests(unit: UnitOfWork, requestCount: number): Promise<void> {
    await prepared(
      unit.em,
      sql`
      update sync_attempt set request_count = ${requestCount}
      where firm_id = ${unit.firmId} and id = ${this.attempt.attemptId}
    `,
    );
  }
}

const unchangedOnce = { created: 0, updated: 0, cancelled: 0, unchanged: 1, skipped: [] };

function sweepRequest(run: SyncRun, { kind, range }: Round): SweepRequest {
  const { connectionId, correlationId, id: runId, seenCount, allowMassCancel } = run;
  const pushedBefore = kind === "FULL" ? run.startedAt : null;
  return { connectionId, correlationId, runId, seenCount, range, allowMassCancel, pushedBefore };
}
