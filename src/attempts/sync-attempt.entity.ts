import type { Opt } from "@mikro-orm/core";
import { Entity, PrimaryKey, Property } from "@mikro-orm/decorators/legacy";
import { Field, ID, Int, ObjectType } from "type-graphql";
import type { CalendarProvider } from "../connections/calendar-connection.enums.js";
import { bigint, firmColumn, instant } from "../database/columns.js";
import { DateTime } from "../date-time.js";
import { SyncAttemptState, SyncAttemptStatus, SyncDirection, SyncErrorClass, SyncOperation } from "./sync.enums.js";

/** What is recorded about a failed attempt. */
export interface AttemptFailure {
  errorClass: SyncErrorClass;
  /** Ours, stable, upper snake case. */
  errorCode: string;
  /** Redacted: no token, address, title or name. */
  errorSummary: string;
  providerStatus: number | null;
  providerRequestId: string | null;
}

/** One try at a run: written as running before the provider is called, closed exactly once. */
@ObjectType()
@Entity({ tableName: "sync_attempt" })
export class SyncAttempt {
  @Property(firmColumn)
  firmId!: string;

  @Field(() => ID)
  @PrimaryKey({ type: bigint })
  id!: string & Opt;

  @Property({ type: bigint })
  runId!: string;

  @Field(() => ID)
  @Property({ type: bigint })
  connectionId!: string;

  @Field(() => ID, { nullable: true })
  @Property({ type: bigint, nullable: true })
  appointmentId!: string | null;

  @Property({ type: "text" })
  provider!: CalendarProvider;

  @Field(() => SyncOperation)
  @Property({ type: "text" })
  operation!: SyncOperation;

  @Field(() => SyncDirection)
  @Property({ type: "text" })
  direction!: SyncDirection;

  @Field(() => SyncAttemptStatus)
  @Property({ type: "text" })
  status: SyncAttemptStatus & Opt = "RUNNING";

  @Field(() => SyncAttemptState)
  @Property({ type: "text" })
  state: SyncAttemptState & Opt = "RUNNING";

  @Field(() => SyncErrorClass, { nullable: true })
  @Property({ type: "text", nullable: true })
  errorClass!: SyncErrorClass | null;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  errorCode!: string | null;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  errorSummary!: string | null;

  @Field(() => Int, { nullable: true })
  @Property({ type: "integer", nullable: true })
  providerStatus!: number | null;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  providerRequestId!: string | null;

  /** HTTP requests sent to the provider. */
  @Property({ type: "integer" })
  requestCount: number & Opt = 0;

  /** 0 for a run's first attempt. */
  @Field(() => Int)
  @Property({ type: "integer" })
  retryCount!: number;

  @Field(() => Boolean)
  @Property({ type: "boolean" })
  maxRetriesReached: boolean & Opt = false;

  /** Set by the retry policy on a failure that is retried: the earliest time of the next attempt. */
  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  nextRetryAt!: Date | null;

  /** Until when the provider has asked to be left alone. */
  @Property({ ...instant, nullable: true })
  providerRetryAt!: Date | null;

  /** The attempt that a manager asked to be replayed by this one. */
  @Property({ type: bigint, nullable: true })
  replayOfId!: string | null;

  @Field(() => DateTime)
  @Property({ ...instant })
  startedAt!: Date;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  finishedAt!: Date | null;

  @Field(() => ID)
  @Property({ type: "uuid" })
  correlationId!: string;

  @Property({ type: bigint, nullable: true })
  resolvedById!: string | null;

  succeed(now: Date, requestCount: number): void {
    this.close("SUCCESS", "SUCCEEDED", now, requestCount);
  }

  /** Becomes the run's open failure. */
  fail(failure: AttemptFailure, now: Date, requestCount: number): void {
    this.close("FAIL", "OPEN", now, requestCount);
    this.errorClass = failure.errorClass;
    this.errorCode = failure.errorCode;
    this.errorSummary = failure.errorSummary;
    this.providerStatus = failure.providerStatus;
    this.providerRequestId = failure.providerRequestId;
  }

  /** A later attempt of the run, or a covering pull, succeeded. */
  resolve(by: SyncAttempt): void {
    this.leaveOpen("RESOLVED");
    this.resolvedById = by.id;
  }

  /** A later attempt of the run, or a covering pull, failed too; or the run was cancelled. */
  supersede(): void {
    this.leaveOpen("SUPERSEDED");
  }

  /** Its retry is put off. */
  waitForRetryAt(at: Date): void {
    this.nextRetryAt = at;
  }

  /** No retry comes at that time: its run is held, or replayed before. Until when the provider wants to be left alone stays. */
  waitForNoRetry(): void {
    this.nextRetryAt = null;
  }

  private close(status: SyncAttemptStatus, state: SyncAttemptState, now: Date, requestCount: number): void {
    if (this.status !== "RUNNING") throw new Error(`Attempt ${this.id} is closed already`);
    this.status = status;
    this.state = state;
    this.finishedAt = now;
    this.requestCount = requestCount;
  }

  private leaveOpen(state: "RESOLVED" | "SUPERSEDED"): void {
    if (this.state !== "OPEN") throw new Error(`Attempt ${this.id} is ${this.state}, not OPEN`);
    this.state = state;
  }
}
