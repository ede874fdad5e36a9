import { PrimaryKeyProp } from "@mikro-orm/core";
import { Entity, PrimaryKey, Property } from "@mikro-orm/decorators/legacy";
import { bigint, instant } from "../database/columns.js";

/**
 * The counters of a connection: one row, changed in the transaction that closes an attempt, so that a status costs the same
 * after ten attempts and after ten million. Each counter is what retention dropped (`archived…`) plus what a recount finds.
 */
@Entity({ tableName: "connection_statistics" })
export class ConnectionStatistics {
  [PrimaryKeyProp]?: ["firmId", "connectionId"];

  @PrimaryKey({ type: bigint })
  firmId!: string;

  @PrimaryKey({ type: bigint })
  connectionId!: string;

  @Property({ type: bigint })
  successes!: string;

  @Property({ type: bigint })
  transientFailures!: string;

  @Property({ type: bigint })
  rateLimitedFailures!: string;

  @Property({ type: bigint })
  nonRetryableFailures!: string;

  @Property({ type: bigint })
  archivedSuccesses!: string;

  @Property({ type: bigint })
  archivedTransientFailures!: string;

  @Property({ type: bigint })
  archivedRateLimitedFailures!: string;

  @Property({ type: bigint })
  archivedNonRetryableFailures!: string;

  /** The end of the newest attempt that retention has dropped. */
  @Property({ ...instant, nullable: true })
  archivedUntil!: Date | null;

  /** Open, retryable, not exhausted: waiting or due. */
  @Property({ type: "integer" })
  openRetryable!: number;

  /** Open and exhausted: MAX_RETRIES used up. */
  @Property({ type: "integer" })
  openExhausted!: number;

  @Property({ type: "integer" })
  openNonRetryable!: number;

  /** Failed runs in a row, any operation; a success makes it 0. */
  @Property({ type: "integer" })
  consecutiveFailures!: number;

  /** End of the last successful incremental or full pull, also one without changes. */
  @Property({ ...instant, nullable: true })
  lastSyncAt!: Date | null;

  /** End of the last successful attempt of any kind. */
  @Property({ ...instant, nullable: true })
  lastSuccessfulSyncAt!: Date | null;
}
