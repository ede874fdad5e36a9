import { verify } from "../../src/verify/verify.js";
import type { TestApp } from "../support/app.js";

/** Asks for a full round; nobody waits for it. Returns the run's id. */
export async function queueResync(app: TestApp, connection: string): Promise<string> {
  const mutation = "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { run { id } } }";
  const { resyncConnection } = await app.manager<{ resyncConnection: { run: { id: string } } }>(mutation, {
    id: connection,
  });
  return resyncConnection.run.id;
}

/** What its missing heartbeat tells after ten seconds: the run's worker is taken to be dead. */
export async function noticeLostWorker(app: TestApp, runId: string): Promise<void> {
  await app.sql(
    `update pgboss.job j set state = 'retry', start_after = now() from sync_run r
     where r.id = $1 and r.job_id = j.id and j.state = 'active'`,
    [runId],
  );
}

export async function statusOf(app: TestApp, runId: string): Promise<string> {
  const [run] = await app.sql<{ status: string }>("select status from sync_run where id = $1", [runId]);
  return String(run?.status);
}

/** `status error_code retry_count max_retries_reached` of the run's attempts, in order. */
export async function attemptsOf(app: TestApp, runId: string): Promise<string[]> {
  const rows = await app.sql<{ told: string }>(
    "select concat_ws(' ', status, error_code, retry_count, max_retries_reached) as told from sync_attempt where run_id = $1 order by id",
    [runId],
  );
  return rows.map(({ told }) => told);
}

/** The invariants that do not hold. Connections of the test application are scheduled only when a test says so. */
export async function violations(app: TestApp): Promise<string[]> {
  const { invariants } = await verify(app.installation.database.systemUrl);
  return invariants
    .filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled")
    .map(({ name }) => name);
}
