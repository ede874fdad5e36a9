import { sql } from "kysely";
import { applyChanges, type AppliedChanges } from "../appointments/apply-changes.js";
import { heldEvents } from "../appointments/held-events.js";
import { forgetSeen, sweep } from "../appointments/sweep.js";
import type { TimeRange } from "../appointments/time-range.js";
import {
  closeFailed,
  closeMassCancelRefused,
  closeStopped,
  closeSucceeded,
  type Engine,
} from "../attempts/close-attempt.js";
import type { Closing } from "../attempts/closing.js";
import { lockRun, lockRunAndConnection } from "../attempts/lock.js";
import type { StartedAttempt } from "../attempts/start-attempt.js";
import { SyncAttempt } from "../attempts/sync-attempt.entity.js";
import type { SyncRun } from "../attempts/sync-run.entity.js";
import { StatisticsChange } from "../connections/statistics-change.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import type { ChangePage, EventChange, KnownEvent, ProviderFailure } from "../providers/provider.js";

/** The run has been started again by another worker, or ended: this attempt may write nothing more. */
export class FencedOffError extends Error {
  constructor(attempt: StartedAttempt) {
    super(`Attempt ${attempt.attemptId} of run ${attempt.runId} was fenced off`);
    this.name = "FencedOffError";
  }
}

/** The marks of the full round are gone (PostgreSQL crashed): only a new round can tell what is missing. */
export class NotesLostError extends Error {}

/** What a pull knows about its round when it writes. */
export interface Round {
  isFull: boolean;
  range: TimeRange;
}

/** Everything that an attempt writes, each in one transaction that first checks the run's fence. */
export class AttemptWriter {
  constructor(
    private readonly em: EntityManager,
    private readonly attempt: StartedAttempt,
    private readonly engine: Engine,
  ) {}

  /** A full round from its first page on; its window ends and begins so many days from now. */
  async beginFullRound(window: { pastDays: number; futureDays: number }): Promise<Round> {
    return unitOfWork(this.em, this.attempt.firmId, async (unit) => {
      const run = await this.lockOwnRun(unit);
      const range = { start: daysFrom(unit.now, -window.pastDays), end: daysFrom(unit.now, window.futureDays) };
      run.beginFullRound(range.start, range.end);
      await forgetSeen(unit, run.id);
      return { isFull: true, range };
    });
  }

  /** The live events that a page calls missing and does not tell otherwise. Writes nothing. */
  heldEvents(changes: readonly EventChange[]): Promise<KnownEvent[]> {
    const { firmId, connection } = this.attempt;
    return unitOfWork(this.em, firmId, (unit) => heldEvents(unit, connection.id, changes));
  }

  /** A page that is not the last: its changes and the checkpoint, so that the next attempt goes on after it. */
  async writePage(page: ChangePage, round: Round, requestCount: number): Promise<void> {
    await unitOfWork(this.em, this.attempt.firmId, async (unit) => {
      const run = await this.lockOwnRun(unit);
      const applied = await this.apply(unit, run, page, round);
      run.checkpoint(page.resumePageToken, applied, applied.seen);
      await this.noteRequests(unit, requestCount);
    });
  }

  /** The last page: its changes, the sweep of a full round, the cursor, and the end of attempt and run. */
  async finish(page: ChangePage, round: Round, cursorFingerprint: string, requestCount: number): Promise<void> {
    await this.close(async (closing) => {
      const { unit, run, connection } = closing;
      const applied = await this.apply(unit, run, page, round);
      run.checkpoint(null, applied, applied.seen);
      if (round.isFull && !(await this.sweepRound(closing, round, requestCount))) return;
      connection.cursor = page.nextCursor;
      connection.cursorFingerprint = cursorFingerprint;
      if (round.isFull) {
        connection.windowStart = round.range.start;
        connection.windowEnd = round.range.end;
      }
      closing.statistics.connectionPulled();
      await closeSucceeded(closing, requestCount, this.engine);
    });
  }

  async fail(failure: ProviderFailure, requestCount: number): Promise<void> {
    await this.close((closing) => closeFailed(closing, failure, requestCount, this.engine));
  }

  async stop(requestCount: number): Promise<void> {
    await this.close((closing) => closeStopped(closing, requestCount, this.engine));
  }

  /** Returns whether the round stands; a refused one closes the attempt as failed. */
  private async sweepRound(closing: Closing, round: Round, requestCount: number): Promise<boolean> {
    const { unit, run } = closing;
    const swept = await sweep(unit, {
      connectionId: run.connectionId,
      correlationId: run.correlationId,
      runId: run.id,
      seenCount: run.seenCount,
      range: round.range,
      allowMassCancel: run.allowMassCancel,
    });
    switch (swept.kind) {
      case "NOTES_LOST":
        throw new NotesLostError();
      case "REFUSED":
        await closeMassCancelRefused(closing, swept, requestCount, this.engine);
        return false;
      case "SWEPT":
        run.cancelledCount += swept.cancelled;
        return true;
    }
  }

  private apply(unit: UnitOfWork, run: SyncRun, page: ChangePage, round: Round): Promise<AppliedChanges> {
    return applyChanges(unit, {
      connectionId: run.connectionId,
      correlationId: run.correlationId,
      changes: page.changes,
      range: round.range,
      notedForRun: round.isFull ? run.id : null,
    });
  }

  private async close(work: (closing: Closing) => Promise<void>): Promise<void> {
    await unitOfWork(this.em, this.attempt.firmId, async (unit) => {
      const locked = await lockRunAndConnection(unit, this.attempt.runId);
      if (!locked) throw new FencedOffError(this.attempt);
      this.checkFence(locked.run);
      const attempt = await unit.em.findOneOrFail(SyncAttempt, { firmId: unit.firmId, id: this.attempt.attemptId });
      const statistics = new StatisticsChange();
      await work({ unit, ...locked, attempt, statistics });
      await unit.em.flush();
      await statistics.apply(unit, locked.connection.id);
    });
  }

  private async lockOwnRun(unit: UnitOfWork): Promise<SyncRun> {
    const run = await lockRun(unit, this.attempt.runId);
    if (!run) throw new FencedOffError(this.attempt);
    this.checkFence(run);
    return run;
  }

  private checkFence(run: SyncRun): void {
    if (run.status !== "RUNNING" || run.fence !== this.attempt.fence) throw new FencedOffError(this.attempt);
  }

  /** With each page, so that the count survives the worker. */
  private async noteRequests(unit: UnitOfWork, requestCount: number): Promise<void> {
    await sql`
      update sync_attempt set request_count = ${requestCount}
      where firm_id = ${unit.firmId} and id = ${this.attempt.attemptId}
    `.execute(unit.em.getKysely());
  }
}

function daysFrom(instant: Date, days: number): Date {
  return new Date(instant.getTime() + days * 24 * 60 * 60 * 1000);
}
