import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { seen } from "../support/manager.js";
import { pullsAnHour } from "./pull-moments.js";

/** The first failure has used up all retries; the longest delay is the usual one of five minutes. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { MAX_RETRIES: "0", SYNC_INTERVAL_SECONDS: "300" } });
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

const resync = `mutation ($id: ID!, $waitSeconds: Int) { resyncConnection(connectionId: $id, waitSeconds: $waitSeconds) {
  result { status } run { id status attempts { id } } } }`;

async function secondsUntilStart(runId: string): Promise<number | undefined> {
  const rows = await app.sql<{ seconds: number }>(
    `select extract(epoch from j.start_after - r.created_at)::float8 as seconds
     from sync_run r join pgboss.job j on j.id = r.job_id where r.id = $1 and r.status = 'QUEUED'`,
    [runId],
  );
  return rows[0]?.seconds;
}

test("pulls begun after a rate limit has used up all retries wait the longest delay first; a replay does not", async () => {
  const account = "tired@example.com";
  const connection = await app.connect(account);
  const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { status: 429, body } });
  await app.pull(connection);
  const [failed] = (await seen(app, connection, { includeExhausted: true })).failedAttempts.nodes;
  expect(failed).toMatchObject({ maxRetriesReached: true, errorClass: "RATE_LIMITED" });

  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
  await until(async () => {
    const [run] = await app.sql<{ id: string }>("select max(id) as id from sync_run where connection_id = $1", [
      connection,
    ]);
    return Number(await secondsUntilStart(String(run?.id))) >= 299;
  });
  const asked = await app.manager<{ resyncConnection: { run: { id: string } } }>(resync, {
    id: connection,
    waitSeconds: 0,
  });
  const { id } = asked.resyncConnection.run;
  await until(async () => Number(await secondsUntilStart(id)) >= 299);
  await app.manager("mutation ($id: ID!) { cancelSyncRun(correlationId: $id) { run { id } } }", {
    id: (await seen(app, connection)).syncRuns.nodes[0]?.correlationId,
  });

  const replay = "mutation ($id: ID!) { replayAttempt(attemptId: $id) { result { status } } }";
  expect(await app.manager(replay, { id: failed?.id })).toEqual({ replayAttempt: { result: { status: "SUCCESS" } } });
  // A success has shown that the account may be asked again.
  expect(await app.manager(resync, { id: connection })).toMatchObject({
    resyncConnection: { result: { status: "SUCCESS" } },
  });
});

test("while a refused mass cancellation waits for a decision, pulls come once an hour", async () => {
  const account = "emptied@example.com";
  const connection = await app.connect(account);
  const ids = addEvents(app.simulator, account, 20);
  await app.manager(resync, { id: connection });
  for (const id of ids) app.simulator.control.deleteEvent(account, id);
  expect(await app.manager(resync, { id: connection })).toMatchObject({
    resyncConnection: { result: { status: "FAIL" } },
  });

  const secondsUntilPull = async (): Promise<number> => {
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
    let seconds = 0;
    await until(async () => {
      const [row] = await app.sql<{ seconds: number }>(
        "select extract(epoch from next_pull_at - now())::float8 as seconds from calendar_connection where id = $1",
        [connection],
      );
      seconds = row?.seconds ?? 0;
      return seconds > 0;
    });
    await app.quiet(connection);
    return seconds;
  };
  await secondsUntilPull();
  expect(await pullsAnHour(app, connection)).toBe(true);
  await app.manager(resync.replace("connectionId: $id", "connectionId: $id, allowMassCancel: true"), {
    id: connection,
  });
  expect(await secondsUntilPull()).toBeLessThanOrEqual(300);
});
