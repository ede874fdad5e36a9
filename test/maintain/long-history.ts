import pg from "pg";
import { maintain, type MaintenanceStep } from "../../src/maintain/maintain.js";
import type { Retention } from "../../src/maintain/retention.js";
import { verify, type CheckedInvariant } from "../../src/verify/verify.js";
import type { TestApp } from "../support/app.js";
import { quickRetries } from "../support/app.js";

export const retention: Retention = { days: 90, auditDays: 100, partitionIds: 100 };
export const environment = { ...quickRetries, MAX_RETRIES: "1" };

/** Connections with a history that is 200 days old. */
export interface LongHistory {
  /** Three pulls that succeeded. */
  quiet: string;
  /** A manager's resync that has failed for good, with its two attempts. */
  failed: string;
  /** The newer one of those. */
  openFailure: string;
  /** A pull that had failed for good, and succeeded when it was replayed. */
  mended: string;
}

/** A session of the owner, ended by whoever asks for it. */
export async function ownerOf(app: TestApp): Promise<pg.Client> {
  const owner = new pg.Client(app.installation.database.ownerUrl);
  await owner.connect();
  return owner;
}

/** Partitions for the ids below 200; the history in the first of them, and the ids gone on to 250. */
export async function makeLongHistory(app: TestApp): Promise<LongHistory> {
  const owner = await ownerOf(app);
  await maintain(owner, { retention });
  await owner.end();
  const quiet = await app.connect("quiet@x.test");
  for (let pull = 0; pull < 3; pull += 1) await app.pull(quiet);
  const failed = await app.connect("failed@x.test");
  failTwice(app, "failed@x.test");
  await app.manager(`mutation { resyncConnection(connectionId: ${failed}, reason: "at last") { message } }`);
  await app.quiet(failed);
  const mended = await app.connect("mended@x.test");
  failTwice(app, "mended@x.test");
  await app.pull(mended);
  await app.manager(`mutation { replayAttempt(attemptId: ${await openFailureOf(app, mended)}) { message } }`);
  await app.quiet(mended);
  await age(app, 200);
  await app.sql(
    `select setval(pg_get_serial_sequence('sync_attempt', 'id'), 250), setval(pg_get_serial_sequence('audit_event', 'id'), 250)`,
  );
  return { quiet, failed, mended, openFailure: await openFailureOf(app, failed) };
}

function failTwice(app: TestApp, account: string): void {
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: 2, then: { status: 503 } });
}

async function openFailureOf(app: TestApp, connection: string): Promise<string> {
  const [row] = await app.sql<{ id: string }>(
    "select id from sync_attempt where connection_id = $1 and state = 'OPEN'",
    [connection],
  );
  return String(row?.id);
}

/** Moves all history back by so many days, which triggers stand back for. */
async function age(app: TestApp, days: number): Promise<void> {
  const back = (...columns: string[]) =>
    columns.map((name) => `${name} = ${name} - interval '${days} days'`).join(", ");
  await app.sql(`
    set session_replication_role = replica;
    update sync_run set ${back("created_at", "started_at", "finished_at")};
    update sync_attempt set ${back("started_at", "finished_at")};
    update connection_statistics set ${back("last_sync_at", "last_successful_sync_at")};
    update audit_event set ${back("created_at")};
    reset session_replication_role;`);
}

/** The invariants that do not hold, with this retention. */
export async function violationsOf(app: TestApp): Promise<string[]> {
  const { invariants } = await verify(app.installation.database.systemUrl, {
    retentionDays: retention.days,
    auditRetentionDays: retention.auditDays,
  });
  return violated(invariants);
}

/** Of those that were asked. A test application's connections are scheduled only when a test says so. */
export function violated(checked: readonly CheckedInvariant[]): string[] {
  const found = checked.filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled");
  return found.map(({ name }) => name);
}

/** What managers see of the firm's statistics and of its open failures, which no maintenance changes. */
export async function seenByManagers(app: TestApp): Promise<unknown> {
  return app.manager(`{
    calendarConnections { nodes { id lastSyncAt health statistics {
      totalAttempts successes failures successRate openFailures lastSuccessfulSync errorBreakdown { transient rateLimited nonRetryable }
    } } }
    failedAttempts(includeExhausted: true) { totalCount nodes { id retryCount isReplayable run { id attempts { id retryCount } } } }
  }`);
}

export async function partitionsOf(app: TestApp, table: string): Promise<string[]> {
  const rows = await app.sql<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1",
    [table],
  );
  return rows.map(({ name }) => name);
}

/** Runs the maintenance and tells its steps, each as a line. */
export async function maintained(owner: pg.Client, more: Partial<Retention> = {}): Promise<string[]> {
  const steps: string[] = [];
  await maintain(owner, { retention: { ...retention, ...more }, onStep: (step) => steps.push(lineOf(step)) });
  return steps;
}

export function lineOf(step: MaintenanceStep): string {
  switch (step.did) {
    case "partition dropped":
      return `${step.partition} dropped ${step.dropped} kept ${step.kept}`;
    case "partition added":
      return `${step.partition} added moved ${step.moved}`;
    case "rows deleted":
      return `${step.rows} ${step.what}`;
  }
}
