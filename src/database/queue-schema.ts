import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type pg from "pg";
import { PgBoss, type Queue } from "pg-boss";
import { groupRoles } from "./logins.js";

/** pg-boss's own schema, and the one queue in it. */
export const queueSchema = "pgboss";
export const syncQueue = "sync";

/**
 * A job is only the call to work on a run; the run says what is to be done and counts its tries. So pg-boss repeats a job for ever
 * and at once when its worker is lost (no heartbeat for 10 s), never gives one up, and forgets finished ones after an hour.
 */
export const syncQueueOptions = {
  notify: true,
  heartbeatSeconds: 10,
  retryLimit: 1000,
  retryDelay: 0,
  retryBackoff: false,
  /** The longest that pg-boss allows. */
  expireInSeconds: 24 * 3600,
  /** A job that waits (a far Retry-After, an outage) must never be swept away as too old. */
  retentionSeconds: 365 * 24 * 3600,
  deleteAfterSeconds: 3600,
} satisfies Omit<Queue, "name">;

/** The version of pg-boss's tables that this build works with; pg-boss starts on no other. */
export const queueSchemaVersion = schemaVersionOf("pg-boss/package.json");

function schemaVersionOf(packageFile: string): number {
  const { pgboss } = createRequire(import.meta.url)(packageFile) as { pgboss: { schema: number } };
  return pgboss.schema;
}

/** Whether tables, queue and grants are this build's. Asked with the owner's connection. */
export async function isQueueCurrent(owner: pg.Client): Promise<boolean> {
  const { rows } = await owner.query<{ comment: string | null }>(
    `select obj_description(to_regnamespace('${queueSchema}')::oid, 'pg_namespace') as comment`,
  );
  return rows[0]?.comment === installedAs;
}

/** Installs or updates pg-boss's tables and the queue as the owner, and lets the other logins use them. Call it under a lock. */
export async function installQueue(ownerUrl: string, owner: pg.Client): Promise<void> {
  const boss = new PgBoss({
    ...{ connectionString: ownerUrl, schema: queueSchema, max: 2 },
    ...{ supervise: false, schedule: false, registerInstance: false, bamIntervalSeconds: 10 },
  });
  boss.on("error", () => undefined); // what matters is thrown by the calls below
  try {
    await boss.start();
    await boss.createQueue(syncQueue, syncQueueOptions);
    await boss.updateQueue(syncQueue, syncQueueOptions);
    await untilIndexesAreBuilt(boss);
  } finally {
    await boss.stop({ graceful: false });
  }
  await owner.query(grants);
  await owner.query(`comment on schema ${queueSchema} is '${installedAs}'`);
}

/** An update of pg-boss builds indexes after its migration, and only an instance that may migrate does so. */
async function untilIndexesAreBuilt(boss: PgBoss): Promise<void> {
  for (;;) {
    const open = (await boss.getBamStatus()).filter(({ status }) => status === "pending" || status === "in_progress");
    if (open.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/**
 * What pg-boss's statements need at run time, found by reading and by running them: the application sends within its own
 * transactions and sees no job; the system login works, completes, expires and counts jobs and keeps the list of instances.
 */
const grants = `
  grant usage on schema ${queueSchema} to ${groupRoles.app}, ${groupRoles.system};
  grant select on ${queueSchema}.version, ${queueSchema}.queue to ${groupRoles.app}, ${groupRoles.system};
  grant insert, select (id, start_after) on ${queueSchema}.job_common to ${groupRoles.app};
  grant update (flow_on, monitor_backoff_on) on ${queueSchema}.version to ${groupRoles.system};
  grant update on ${queueSchema}.queue to ${groupRoles.system};
  grant select, insert, update, delete on ${queueSchema}.job_common, ${queueSchema}.instance to ${groupRoles.system};
  grant select, insert, update on ${queueSchema}.job to ${groupRoles.system};
  grant select, delete on ${queueSchema}.job_dependency to ${groupRoles.system};
`;

/** Written on the schema when all of it is there: what it was made of. */
const installedAs = `pg-boss ${queueSchemaVersion} ${createHash("sha256")
  .update(JSON.stringify([syncQueueOptions, grants]))
  .digest("hex")
  .slice(0, 16)}`;
