import type { Opt } from "@mikro-orm/core";
import { Entity, PrimaryKey, Property } from "@mikro-orm/decorators/legacy";
import { Field, ID, ObjectType } from "type-graphql";
import { bigint, firmColumn, instant } from "../database/columns.js";
import { DateTime } from "../date-time.js";
import { CalendarConnectionStatus, CalendarProvider, ConnectionStatusReason } from "./calendar-connection.enums.js";
import type { CircuitLimits } from "./outage-limits.js";

/**
 * One external calendar of one staff user. Its credentials and its counters are rows of their own (calendar_credential,
 * connection_statistics): the first so that no list ever reads a token, the second because they change with every attempt.
 */
@ObjectType()
@Entity({ tableName: "calendar_connection" })
export class CalendarConnection {
  @Property(firmColumn)
  firmId!: string;

  @Field(() => ID)
  @PrimaryKey({ type: bigint })
  id!: string;

  @Field(() => CalendarProvider)
  @Property({ type: "text" })
  provider!: CalendarProvider;

  @Field(() => CalendarConnectionStatus)
  @Property({ type: "text" })
  status!: CalendarConnectionStatus;

  @Field(() => ConnectionStatusReason, { nullable: true })
  @Property({ type: "text", nullable: true })
  statusReason!: ConnectionStatusReason | null;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  statusChangedAt!: Date | null;

  @Field(() => ID)
  @Property({ type: "text" })
  ownerId!: string;

  @Field(() => String)
  @Property({ type: "text" })
  accountEmail!: string;

  /** The provider's id of the calendar. */
  @Property({ type: "text" })
  calendarId!: string;

  @Field(() => String, { nullable: true })
  @Property({ type: "text", nullable: true })
  calendarName!: string | null;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  windowStart!: Date | null;

  @Field(() => DateTime, { nullable: true })
  @Property({ ...instant, nullable: true })
  windowEnd!: Date | null;

  /** The provider's sync cursor; moves only when the last page of a round is written. */
  @Field(() => String, { nullable: true, name: "lastSyncCursor" })
  @Property({ type: "text", nullable: true })
  cursor!: string | null;

  /** The request parameters the cursor was made with; a cursor of another fingerprint is not used. */
  @Property({ type: "text", nullable: true })
  cursorFingerprint!: string | null;

  /** When the scheduler makes the next pull; null while paused or revoked. */
  @Field(() => DateTime, { nullable: true, name: "nextSyncAt" })
  @Property({ ...instant, nullable: true })
  nextPullAt!: Date | null;

  /** Failed runs in a row, without those that were the provider's outage; a success or a reset makes it 0. */
  @Property({ type: "integer" })
  circuitFailures: number & Opt = 0;

  /** Since when its pulls are slowed, because it fails all the time; null while they are not. */
  @Property({ ...instant, nullable: true })
  circuitOpenedAt!: Date | null;

  /** When somebody last gave it a new start: a success before that is not missed. */
  @Property({ ...instant, nullable: true })
  circuitResetAt!: Date | null;

  /** Its provider has refused to tell of its changes: it is not asked again before. */
  @Property({ ...instant, nullable: true })
  watchRefusedUntil!: Date | null;

  /** When everything it held about people was erased; null while it was not. */
  @Property({ ...instant, nullable: true })
  erasedAt!: Date | null;

  @Field(() => DateTime)
  @Property({ ...instant })
  createdAt!: Date;

  @Field(() => DateTime)
  @Property({ ...instant })
  updatedAt!: Date;

  /** The account is no longer ours to read: scheduled pulls stop, runs are held until somebody reconnects it. */
  revoke(reason: ConnectionStatusReason, now: Date): void {
    this.changeStatus("REVOKED", reason, now);
    this.nextPullAt = null;
  }

  /** Its account has let us in again. What it may have missed meanwhile, only a full round can tell. */
  reconnect(now: Date, nextPullAt: Date): void {
    this.changeStatus("ACTIVE", null, now);
    this.nextPullAt = nextPullAt;
    this.cursor = null;
    this.cursorFingerprint = null;
  }

  /** Ends it for good: nothing of it tells any more whose it was. */
  erase(now: Date): void {
    if (this.statusReason !== "DISCONNECTED") this.changeStatus("REVOKED", "DISCONNECTED", now);
    this.nextPullAt = null;
    this.ownerId = "erased";
    this.accountEmail = "erased";
    this.calendarId = `erased-${this.id}`;
    this.calendarName = null;
    this.windowStart = null;
    this.windowEnd = null;
    this.cursor = null;
    this.cursorFingerprint = null;
    this.erasedAt = now;
  }

  /** A manager stops its sync. */
  pause(now: Date): void {
    this.changeStatus("PAUSED", "MANAGER", now);
    this.nextPullAt = null;
  }

  /** Its sync goes on: a pull is due. */
  resume(now: Date): void {
    this.changeStatus("ACTIVE", null, now);
    this.nextPullAt = now;
  }

  /** A run of it has failed. Returns whether that opens its circuit; an open one stays as it is. */
  countFailedRun(now: Date, lastSuccessAt: Date | null, limits: CircuitLimits): boolean {
    this.circuitFailures += 1;
    if (this.circuitOpenedAt !== null) return false;
    const workingUntil = latest([this.createdAt, lastSuccessAt, this.statusChangedAt, this.circuitResetAt]);
    const hasLongFailed = now.getTime() - workingUntil >= limits.circuitSeconds * 1000;
    if (this.circuitFailures < limits.circuitFailedRuns && !hasLongFailed) return false;
    this.circuitOpenedAt = now;
    this.postponeNextPull(now, limits.slowIntervalSeconds);
    return true;
  }

  /** It has succeeded. Returns whether that closes its circuit; then a pull is due. */
  closeCircuit(now: Date): boolean {
    const wasOpen = this.circuitOpenedAt !== null;
    this.circuitFailures = 0;
    this.circuitOpenedAt = null;
    if (wasOpen && this.nextPullAt !== null) this.nextPullAt = now;
    return wasOpen;
  }

  /** Somebody gives it a new start. Returns whether that closes its circuit; then a pull is due. */
  resetCircuit(now: Date): boolean {
    this.circuitResetAt = now;
    return this.closeCircuit(now);
  }

  /** Its next pull comes no sooner than so many seconds from now; where none is planned, none is. */
  postponeNextPull(now: Date, seconds: number): void {
    if (this.nextPullAt === null) return;
    this.nextPullAt = new Date(latest([this.nextPullAt, new Date(now.getTime() + seconds * 1000)]));
  }

  /** Its next pull comes no later than so many seconds from now; where none is planned, none is. */
  advanceNextPull(now: Date, seconds: number): void {
    if (this.nextPullAt === null) return;
    this.nextPullAt = new Date(Math.min(this.nextPullAt.getTime(), now.getTime() + seconds * 1000));
  }

  private changeStatus(status: CalendarConnectionStatus, reason: ConnectionStatusReason | null, now: Date): void {
    this.status = status;
    this.statusReason = reason;
    this.statusChangedAt = now;
    this.updatedAt = now;
  }
}

function latest(times: readonly (Date | null)[]): number {
  return Math.max(...times.map((time) => time?.getTime() ?? 0));
}
