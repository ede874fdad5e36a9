import type pg from "pg";
import type { PartitionedTable } from "../database/partition-bounds.js";
import { failpoint } from "../failpoints.js";
import { addPartition, partitionsToAdd } from "./add-partitions.js";
import { deleteEvents } from "./delete-events.js";
import { deleteRuns } from "./delete-runs.js";
import { attemptPartitionsToDrop, dropAttempts, type DroppedPartition } from "./drop-attempts.js";
import { dropEvents, eventPartitionsToDrop } from "./drop-events.js";
import { partitionedTables } from "./partitioned-tables.js";
import { fixInstants, type Retention } from "./retention.js";

/** What one transaction of the maintenance has done, or would do. */
export type MaintenanceStep =
  | { did: "partition dropped"; table: PartitionedTable; partition: string; dropped: number; kept: number }
  | { did: "partition added"; table: PartitionedTable; partition: string; from: number; to: number; moved: number }
  | { did: "rows deleted"; what: "runs" | "audit events"; rows: number };

export interface MaintainOptions {
  retention: Retention;
  /** Told after each step that has done something. */
  onStep?: (step: MaintenanceStep) => void;
  /** No further step is begun once it is aborted. */
  signal?: AbortSignal;
}

const batchSize = 500;

/**
 * Lets go what is older than its retention, and makes partitions ahead of need, on the owner's session, which must hold the maintenance lock.
 * Each step is one transaction, short where it locks, so that servers may work meanwhile; killed anywhere, it goes on where it was.
 */
export async function maintain(owner: pg.Client, options: MaintainOptions): Promise<void> {
  const { retention, onStep, signal } = options;
  const isStopping = (): boolean => signal?.aborted ?? false;
  const tell = async (step: MaintenanceStep): Promise<void> => {
    onStep?.(step);
    await failpoint("maintain.step-committed");
  };
  await fixInstants(owner, retention);
  // A partition that is dropped makes room for one to be added.
  await dropPartitions(owner, tell, isStopping);
  await addPartitions(owner, retention, tell, isStopping);
  await deleteInBatches(() => deleteRuns(owner, batchSize), "runs", tell, isStopping);
  await deleteInBatches(() => deleteEvents(owner, batchSize), "audit events", tell, isStopping);
  if (!isStopping()) await owner.query("update across_firms.maintenance set finished_at = now()");
}

type Tell = (step: MaintenanceStep) => Promise<void>;

async function dropPartitions(owner: pg.Client, tell: Tell, isStopping: () => boolean): Promise<void> {
  for (const partition of await attemptPartitionsToDrop(owner)) {
    if (isStopping()) return;
    await tell(droppedStep("sync_attempt", await dropAttempts(owner, partition)));
  }
  for (const partition of await eventPartitionsToDrop(owner)) {
    if (isStopping()) return;
    await tell(droppedStep("audit_event", await dropEvents(owner, partition)));
  }
}

export function droppedStep(table: PartitionedTable, { name, dropped, kept }: DroppedPartition): MaintenanceStep {
  return { did: "partition dropped", table, partition: name, dropped, kept };
}

async function addPartitions(
  owner: pg.Client,
  { partitionIds }: Retention,
  tell: Tell,
  isStopping: () => boolean,
): Promise<void> {
  for (const table of partitionedTables) {
    for (const planned of await partitionsToAdd(owner, table, partitionIds)) {
      if (isStopping()) return;
      const { name: partition, from, to, moved } = await addPartition(owner, table, planned);
      await tell({ did: "partition added", table, partition, from, to, moved });
    }
  }
}

/** Until a batch is not full. One step is told for all. */
async function deleteInBatches(
  deleteBatch: () => Promise<number>,
  what: "runs" | "audit events",
  tell: Tell,
  isStopping: () => boolean,
): Promise<void> {
  let rows = 0;
  for (let deleted = batchSize; deleted === batchSize && !isStopping(); rows += deleted) deleted = await deleteBatch();
  if (rows > 0) await tell({ did: "rows deleted", what, rows });
}
