import type pg from "pg";
import { partitionsToAdd } from "./add-partitions.js";
import { countLeavingEvents } from "./delete-events.js";
import { countLeavingRuns } from "./delete-runs.js";
import { attemptPartitionsToDrop, previewDrop } from "./drop-attempts.js";
import { eventPartitionsToDrop, previewEventsDrop } from "./drop-events.js";
import { droppedStep, type MaintenanceStep } from "./maintain.js";
import { partitionedTables } from "./partitioned-tables.js";
import { fixInstants, type Retention } from "./retention.js";

const mostCountedOfFirm = 1_000_000;

/**
 * What `maintain` would do, as the database is now; changes nothing. Where partitions would be dropped, more runs than are told here can be
 * deleted then.
 */
export async function previewMaintenance(owner: pg.Client, retention: Retention): Promise<MaintenanceStep[]> {
  await fixInstants(owner, retention);
  const steps: MaintenanceStep[] = [];
  for (const partition of await attemptPartitionsToDrop(owner)) {
    steps.push(droppedStep("sync_attempt", await previewDrop(owner, partition)));
  }
  for (const partition of await eventPartitionsToDrop(owner)) {
    steps.push(droppedStep("audit_event", await previewEventsDrop(owner, partition)));
  }
  for (const table of partitionedTables) {
    for (const { name: partition, from, to } of await partitionsToAdd(owner, table, retention.partitionIds)) {
      steps.push({ did: "partition added", table, partition, from, to, moved: 0 });
    }
  }
  const runs = await countLeavingRuns(owner);
  const events = await countLeavingEvents(owner, mostCountedOfFirm);
  if (runs > 0) steps.push({ did: "rows deleted", what: "runs", rows: runs });
  if (events > 0) steps.push({ did: "rows deleted", what: "audit events", rows: events });
  return steps;
}
