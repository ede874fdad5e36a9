import type { Opt } from "@mikro-orm/core";
import { Entity, PrimaryKey, Property } from "@mikro-orm/decorators/legacy";
import { Field, ID, Int, ObjectType } from "type-graphql";
import { bigint, firmColumn, instant } from "../database/columns.js";
import { DateTime } from "../date-time.js";
import type { Origin } from "../tracing/scope.js";
import { mostSkippedEvents, SkippedEvent, type KeptSkippedEvent } from "./skipped-event.type.js";
import type { AttemptFailure } from "./sync-attempt.entity.js";
import { SyncDirection, SyncErrorClass, SyncOperation, SyncRunStatus, SyncTrigger } from "./sync.enums.js";

/** Which state may follow which. The database holds the guards: one running and one queued pull a connection, one active resync. */
const transitions: Record<SyncRunStatus, readonly SyncRunStatus[]> = {
  QUEUED: ["RUNNING", "HELD", "CANCELLED"],
  RUNNING: ["SUCCEEDED", "RETRYING", "QUEUED", "FAILED", "HELD", "CANCELLED", "RUNNING"],
  RETRYING: ["RUNNING", "QUEUED", "HELD", "CANCELLED"],
  HELD: ["QUEUED", "CANCELLED"],
  FAILED: ["QUEUED", "CANCELLED"],
  SUCCEEDED: [],
  CANCELLED: [],
};

const finished: readonly SyncRunStatus[] = ["SUCCEEDED", "FAILED", "CANCELLED"];

export function isFinishedStatus(status: SyncRunStatus): boolean {
  return finished.includes(status);
}

/** Counts of what a page, or a whole round, did to the appointments. */
export interface ChangeCounts {
  created: number;
  updated: number;
  cancelled: number;
  unchanged: number;
  skipped: readonly KeptSkippedEvent[];
}

/**
 * One thing that was to be done (a pull, a resync, a push), with every attempt at it. It keeps the whole intent; its correlation
 * id names it in logs and audit, and retries and replays keep it. Each start raises the fence: what an earlier start still
 * writes is refused.
 */
@ObjectType()
@Entity({ tableName: "sync_run" })
export class SyncRun {
  @Property(firmColumn)
  firmId!: string;

  @Field(() => ID)
  @PrimaryKey({ type: bigint })
  id!: string & Opt;

  @Field(() => ID)
  @Property({ type: "uuid" })
  correlationId!: string;

  @Property({ type: bigint })
  connectionId!: string;

  @Property({ type: bigint, nullable: true })
  appointmentId!: string | null;

  @Field(() => SyncOperation)
  @Property({ type: "text" })
  operation!: SyncOperation;

  @Field(() => SyncDirection)
  @Property({ type: "text" })
  direction!: SyncDirection;

  @Field(() => SyncTrigger)
  @Property({ type: "text" })
  trigger!: SyncTrigger;

  @Field(() => SyncRunStatus)
  @Property({ type: "text" })
  status: SyncRunStatus & Opt = "QUEUED";

  /** Bounds of a bounded resync; null for the connection's whole window. */
  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  startDate!: Date | null;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  endDate!: Date | null;

  @Property({ type: "boolean" })
  allowMassCancel: boolean & Opt = false;

  @Field(() => ID, { nullable: true })
  @Property({ type: "text", nullable: true })
  requestedById!: string | null;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  reason!: string | null;

  @Property({ type: "integer" })
  fence: number & Opt = 0;

  /** The queue's job that may start this run; another one is stale. Null while the run waits behind a running pull. */
  @Property({ type: "uuid", nullable: true })
  jobId!: string | null;

  /** Where a run without a job comes from: its job will say so. */
  @Property({ type: "json", nullable: true })
  origin!: Origin | null;

  /** Another service has worked on it: it is history, without audit events of ours. */
  @Property({ type: "boolean" })
  isImported: boolean & Opt = false;

  /** Of the attempt that comes next, or runs. */
  @Property({ type: "integer" })
  retryCount: number & Opt = 0;

  /** How often the worker of this run was lost. */
  @Property({ type: "integer" })
  lostWorkers: number & Opt = 0;

  @Property({ type: bigint, nullable: true })
  lastAttemptId!: string | null;

  /** The last failed attempt, as long as it counts as open. */
  @Property({ type: bigint, nullable: true })
  openFailureId!: string | null;

  /** The attempt that a manager has asked to be replayed by the next attempt; null once that has started. */
  @Property({ type: bigint, nullable: true })
  replayOfId!: string | null;

  /** Who wants the running pull to end at its next page; null while nobody does. */
  @Property({ type: "text", nullable: true })
  cancelRequestedById!: string | null;

  @Property({ type: "text", nullable: true })
  cancelReason!: string | null;

  /** The round under way lists everything in its window, not what changed since a cursor. */
  @Property({ type: "boolean" })
  isFullRound: boolean & Opt = false;

  /** The page to go on with; null before the first page is written. */
  @Property({ type: "text", nullable: true })
  pageToken!: string | null;

  /** Window of the full round under way, or to which the incremental one moves the connection's. */
  @Property({ ...instant, nullable: true })
  roundStart!: Date | null;

  @Property({ ...instant, nullable: true })
  roundEnd!: Date | null;

  /** How many different appointments the full round has seen; must equal the noted rows before anything is swept. */
  @Property({ type: "integer" })
  seenCount: number & Opt = 0;

  @Field(() => Int)
  @Property({ type: "integer" })
  pagesDone: number & Opt = 0;

  @Field(() => Int)
  @Property({ type: "integer" })
  createdCount: number & Opt = 0;

  @Field(() => Int)
  @Property({ type: "integer" })
  updatedCount: number & Opt = 0;

  @Field(() => Int)
  @Property({ type: "integer" })
  cancelledCount: number & Opt = 0;

  @Field(() => Int)
  @Property({ type: "integer" })
  unchangedCount: number & Opt = 0;

  @Field(() => Int)
  @Property({ type: "integer" })
  skippedCount: number & Opt = 0;

  @Field(() => [SkippedEvent], { description: "The first 20 of the skipped events." })
  @Property({ type: "json" })
  skippedEvents: KeptSkippedEvent[] & Opt = [];

  @Field(() => SyncErrorClass, { nullable: true })
  @Property({ type: "text", nullable: true })
  errorClass!: SyncErrorClass | null;

  @Property({ type: "text", nullable: true })
  errorCode!: string | null;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  errorSummary!: string | null;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  nextRetryAt!: Date | null;

  /** Its next automatic retry has its place in the provider's retry budget, at `nextRetryAt`. */
  @Property({ type: "boolean" })
  hasRetrySlot: boolean & Opt = false;

  /** Its job has been put off because its provider is down: it is due when the provider is back. */
  @Property({ type: "boolean" })
  waitsForProvider: boolean & Opt = false;

  @Field(() => DateTime)
  @Property({ ...instant })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  finishedAt!: Date | null;

  /** A pull of a whole connection: what the guards and the sweep are about. */
  isConnectionPull(): boolean {
    return this.direction === "PULL" && this.appointmentId === null;
  }

  /** A resync between two instants: it leaves the cursor alone. */
  isBounded(): boolean {
    return this.startDate !== null;
  }

  start(attemptId: string, now: Date): void {
    this.changeStatus("RUNNING");
    this.replayOfId = null;
    this.fence += 1;
    this.lastAttemptId = attemptId;
    this.startedAt ??= now;
    this.nextRetryAt = null;
    this.waitForNothing();
  }

  succeed(now: Date): void {
    this.finish("SUCCEEDED", now);
    this.openFailureId = null;
    this.errorClass = null;
    this.errorCode = null;
    this.errorSummary = null;
  }

  /** Ends for now: nothing goes on by itself. */
  fail(failure: AttemptFailure, now: Date): void {
    this.finish("FAILED", now);
    this.noteFailure(failure);
  }

  /** Waits until `nextRetryAt` for its next attempt, which has that retry count. */
  retryAt(nextRetryAt: Date, failure: AttemptFailure, retryCount: number): void {
    this.changeStatus("RETRYING");
    this.noteFailure(failure);
    this.nextRetryAt = nextRetryAt;
    this.retryCount = retryCount;
  }

  /** Its retry is put off until the place that it has been given in the provider's retry budget; a recovery likewise. */
  reserveRetry(at: Date): void {
    this.waitUntil(at);
    this.hasRetrySlot = true;
  }

  /** Its provider is down: it waits as it is, and looks again at that time if the provider is not back before. */
  waitForProvider(at: Date): void {
    this.waitUntil(at);
    this.waitsForProvider = true;
  }

  /** Waits until what stopped it is mended. */
  hold(failure: AttemptFailure | null): void {
    this.changeStatus("HELD");
    this.jobId = null;
    this.nextRetryAt = null;
    this.waitForNothing();
    if (failure) this.noteFailure(failure);
  }

  /** Back to the queue as it is: its worker stops, or what held it is mended. */
  requeue(): void {
    this.changeStatus("QUEUED");
    this.nextRetryAt = null;
    this.finishedAt = null;
    this.waitForNothing();
  }

  cancel(now: Date): void {
    this.finish("CANCELLED", now);
    this.replayOfId = null;
  }

  /** A manager wants the whole intent once more: from the stored cursor, with a new round. */
  replay(attemptId: string, lastRetryCount: number): void {
    this.requeue();
    this.replayOfId = attemptId;
    this.lostWorkers = 0;
    this.retryCount = lastRetryCount + 1;
    this.isFullRound = false;
    this.roundStart = null;
    this.roundEnd = null;
    this.beginRound();
  }

  /** An exhausted push runs once more by itself, because its connection has succeeded. */
  recover(lastRetryCount: number): void {
    this.requeue();
    this.trigger = "RECOVERY";
    this.retryCount = lastRetryCount + 1;
  }

  /** Asks the worker to end the run at its next page. Who asks first is who cancels. */
  requestCancel(actorId: string, reason: string | null): void {
    if (this.status !== "RUNNING") throw new Error(`Run ${this.id} is ${this.status}: it can be cancelled at once`);
    if (this.cancelRequestedById !== null) return;
    this.cancelRequestedById = actorId;
    this.cancelReason = reason;
  }

  /** Begins a full round over the window: what an earlier round saw no longer counts. */
  beginFullRound(start: Date, end: Date): void {
    this.isFullRound = true;
    this.roundStart = start;
    this.roundEnd = end;
    this.beginRound();
  }

  /** The incremental round moves the connection's window. */
  moveWindow(start: Date, end: Date): void {
    this.roundStart = start;
    this.roundEnd = end;
  }

  /** After a page is written: what it did, and where to go on. */
  checkpoint(pageToken: string | null, counts: ChangeCounts, seen: number): void {
    this.pageToken = pageToken;
    this.pagesDone += 1;
    this.seenCount += seen;
    this.addCounts(counts);
  }

  addCounts(counts: ChangeCounts): void {
    this.createdCount += counts.created;
    this.updatedCount += counts.updated;
    this.cancelledCount += counts.cancelled;
    this.unchangedCount += counts.unchanged;
    this.skippedCount += counts.skipped.length;
    this.skippedEvents = [...this.skippedEvents, ...counts.skipped]
      .slice(0, mostSkippedEvents)
      .map(({ externalEventId, reason }) => ({ externalEventId, reason }));
  }

  /** What the round before found unchanged is met again; what it wrote stays counted. */
  private beginRound(): void {
    this.pageToken = null;
    this.seenCount = 0;
    this.pagesDone = 0;
    this.unchangedCount = 0;
    this.skippedCount = 0;
    this.skippedEvents = [];
  }

  private noteFailure(failure: AttemptFailure): void {
    this.errorClass = failure.errorClass;
    this.errorCode = failure.errorCode;
    this.errorSummary = failure.errorSummary;
  }

  private finish(status: SyncRunStatus, now: Date): void {
    this.changeStatus(status);
    this.finishedAt = now;
    this.jobId = null;
    this.nextRetryAt = null;
    this.waitForNothing();
  }

  private waitUntil(at: Date): void {
    if (this.status !== "QUEUED" && this.status !== "RETRYING") throw new Error(`Run ${this.id} is ${this.status}`);
    if (this.status === "RETRYING") this.nextRetryAt = at;
    this.waitForNothing();
  }

  private waitForNothing(): void {
    this.hasRetrySlot = false;
    this.waitsForProvider = false;
  }

  private changeStatus(status: SyncRunStatus): void {
    if (!transitions[this.status as SyncRunStatus].includes(status)) {
      throw new Error(`Run ${this.id} cannot go from ${this.status} to ${status}`);
    }
    this.status = status;
  }
}
