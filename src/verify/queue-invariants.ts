import { queueSchema, syncQueue } from "../database/queue-schema.js";
import type { Invariant } from "./invariant.js";

/** What waits will go on: its job exists, or somebody who ends will send it, or its connection is mended first. */
export const queueInvariants: readonly Invariant[] = [
  {
    name: "job-of-run",
    sentence:
      "The job that a queued, running or retrying run names is in the queue, not finished, and is about that run.",
    violations: `
      select r.firm_id, r.id as run_id, r.job_id
      from sync_run r
      left join ${queueSchema}.job j on j.name = '${syncQueue}' and j.id = r.job_id
      where r.status in ('QUEUED', 'RUNNING', 'RETRYING') and r.job_id is not null
        and (j.state in ('created', 'retry', 'active') and j.data ->> 'firmId' = r.firm_id::text and j.data ->> 'runId' = r.id::text)
          is not true`,
  },
  {
    name: "run-without-job",
    sentence:
      "A queued or retrying run without a job waits for another one of its connection, or of its appointment, that has one.",
    violations: `
      select r.firm_id, r.connection_id, r.id as run_id
      from sync_run r
      where r.status in ('QUEUED', 'RETRYING') and r.job_id is null and not exists (
        select from sync_run other
        where other.firm_id = r.firm_id and other.connection_id = r.connection_id and other.id <> r.id
          and other.direction = r.direction and other.appointment_id is not distinct from r.appointment_id
          and other.status in ('QUEUED', 'RUNNING', 'RETRYING') and other.job_id is not null
      )`,
  },
  {
    name: "runs-of-stopped-connection",
    sentence: "A paused or revoked connection has no queued or retrying run: they are held.",
    violations: `
      select r.firm_id, r.connection_id, r.id as run_id
      from sync_run r
      join calendar_connection c on c.firm_id = r.firm_id and c.id = r.connection_id
      where r.status in ('QUEUED', 'RETRYING') and c.status <> 'ACTIVE'`,
  },
];
