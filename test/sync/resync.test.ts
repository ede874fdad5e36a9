import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

interface Resync {
  message: string;
  result: { status: string; correlationId: string; syncedCount: number | null; errorCode: string | null };
  run: { id: string; status: string; cancelledCount: number; unchangedCount: number };
}

const mutation = `mutation ($id: ID!, $allowMassCancel: Boolean! = false, $waitSeconds: Int, $reason: String) {
  resyncConnection(connectionId: $id, allowMassCancel: $allowMassCancel, waitSeconds: $waitSeconds, reason: $reason) {
    message result { status correlationId syncedCount errorCode } run { id status cancelledCount unchangedCount } } }`;

async function resync(id: string, more: object = {}): Promise<Resync> {
  return (await app.manager<{ resyncConnection: Resync }>(mutation, { id, ...more })).resyncConnection;
}

/** Holds the provider back until the returned function is called. */
function holdBack(account: string): () => void {
  const fault = app.simulator.control.addFault({
    match: { account, pathRegex: "/events" },
    times: null,
    then: { delayMs: 1500 },
  });
  return () => {
    app.simulator.control.clearFaults(fault.id);
  };
}

async function auditOf(
  correlationId: string,
): Promise<{ eventType: string; actorId: string | null; metadata: Record<string, unknown> }[]> {
  const { auditEvents } = await app.manager<{
    auditEvents: { nodes: { eventType: string; actorId: string | null; metadata: Record<string, unknown> }[] };
  }>("query ($id: ID!) { auditEvents(correlationId: $id) { nodes { eventType actorId metadata } } }", {
    id: correlationId,
  });
  return auditEvents.nodes;
}

describe("a resync of a connection", () => {
  test("reads the whole window anew, answers when it has ended, and the audit says who asked and why", async () => {
    const account = "whole@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 12);

    const first = await resync(connection, { reason: "after the move" });

    expect(first).toMatchObject({
      message: "Resync initiated successfully",
      result: { status: "SUCCESS", syncedCount: 12, errorCode: null },
      run: { status: "SUCCEEDED" },
    });
    expect(await auditOf(first.result.correlationId)).toEqual([
      {
        eventType: "calendar_connection_resync_requested",
        actorId: "manager-1",
        metadata: {
          provider: "google",
          start_date: null,
          end_date: null,
          allow_mass_cancel: false,
          reason: "after the move",
          joined: false,
        },
      },
    ]);
    expect((await resync(connection)).run).toMatchObject({ unchangedCount: 12 });
    const { stored, provided } = await storedAndProvided(app, connection);
    expect(stored).toEqual(provided);
  });

  test("answers RUNNING when the wait is over, and syncRun tells of its end", async () => {
    const account = "slow@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 2);
    holdBack(account);
    const { result } = await resync(connection, { waitSeconds: 0 });
    expect(result).toMatchObject({ status: "RUNNING", syncedCount: null });
    const { syncRun } = await app.manager<{ syncRun: { status: string; isFinished: boolean } }>(
      "query ($id: ID!) { syncRun(correlationId: $id, waitSeconds: 20) { status isFinished } }",
      { id: result.correlationId },
    );
    expect(syncRun).toEqual({ status: "SUCCEEDED", isFinished: true });
  });

  test("many at once are one run: all get its correlation id, and each request is audited", async () => {
    const account = "many@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3);
    holdBack(account);

    const answers = await Promise.all(Array.from({ length: 20 }, () => resync(connection)));

    const ids = new Set(answers.map(({ result }) => result.correlationId));
    expect(ids.size).toBe(1);
    expect(answers.every(({ result }) => result.status === "SUCCESS")).toBe(true);
    const [correlationId = ""] = ids;
    const joined = (await auditOf(correlationId)).map(({ metadata }) => metadata["joined"]);
    expect(joined.filter((one) => one === false)).toHaveLength(1);
    expect(joined).toHaveLength(20);
    expect(await app.sql("select from sync_run where connection_id = $1", [connection])).toHaveLength(1);
  });

  test("waits behind a pull that runs, and then runs", async () => {
    const account = "behind@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3);
    holdBack(account);
    const pulling = app.pull(connection);
    await until(async () => {
      const running = await app.sql("select from sync_run where connection_id = $1 and status = 'RUNNING'", [
        connection,
      ]);
      return running.length === 1;
    });

    const { result, run } = await resync(connection);

    expect(result.status).toBe("SUCCESS");
    expect(run.unchangedCount).toBe(3);
    await pulling;
    const runs = await app.sql<{ operation: string; status: string }>(
      "select operation, status from sync_run where connection_id = $1 order by id",
      [connection],
    );
    expect(runs).toEqual([
      { operation: "LIST_CHANGES", status: "SUCCEEDED" },
      { operation: "RESYNC", status: "SUCCEEDED" },
    ]);
  });

  test("replaces a pull that waits for its retry, and closes its failure", async () => {
    const account = "replaced@example.com";
    const connection = await app.connect(account);
    const busy = { status: 429, headers: { "retry-after": "600" }, body: { error: { code: 429 } } };
    app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: busy });
    const waiting = await app.pull(connection);

    const { result } = await resync(connection);

    expect(result.status).toBe("SUCCESS");
    const [run] = await app.sql<{ status: string; correlation_id: string }>(
      "select status, correlation_id from sync_run where id = $1",
      [waiting],
    );
    expect(run?.status).toBe("CANCELLED");
    expect(await auditOf(String(run?.correlation_id))).toEqual([
      {
        eventType: "calendar_sync_run_cancelled",
        actorId: null,
        metadata: expect.objectContaining({
          replaced_by_correlation_id: result.correlationId,
          status_before: "retrying",
        }),
      },
    ]);
    const open = await app.sql("select from sync_attempt where connection_id = $1 and state = 'OPEN'", [connection]);
    expect(open).toEqual([]);
  });

  test("that fails answers FAIL with the failure, and its next retry", async () => {
    const account = "fails@example.com";
    const connection = await app.connect(account);
    app.simulator.control.addFault({
      match: { account, pathRegex: "/events" },
      times: null,
      then: { status: 403, body: {} },
    });
    expect(await resync(connection)).toMatchObject({
      message: expect.stringMatching(/^Resync failed: /),
      result: { status: "FAIL", errorCode: "ACCESS_FORBIDDEN", syncedCount: 0 },
    });
  });
});

describe("the sweep of a full round", () => {
  test("refuses to cancel most of a calendar, until a manager allows it", async () => {
    const account = "mass@example.com";
    const connection = await app.connect(account);
    const ids = addEvents(app.simulator, account, 40);
    await resync(connection);
    for (const id of ids.slice(0, 30)) app.simulator.control.deleteEvent(account, id);

    const refused = await resync(connection);

    expect(refused.result).toMatchObject({ status: "FAIL", errorCode: "MASS_CANCEL" });
    expect(refused.run).toMatchObject({ status: "FAILED", cancelledCount: 0 });
    const events = await auditOf(refused.result.correlationId);
    expect(events.map(({ eventType }) => eventType)).toContain("calendar_sync_mass_cancel_refused");
    const live = "select from appointment where connection_id = $1 and status <> 'CANCELLED'";
    expect(await app.sql(live, [connection])).toHaveLength(40);
    const status = await app.manager<{ syncStatus: { health: string } }>(
      "query ($id: ID!) { syncStatus(connectionId: $id) { health } }",
      { id: connection },
    );
    expect(status.syncStatus.health).toBe("ACTION_NEEDED");

    const allowed = await resync(connection, { allowMassCancel: true });

    expect(allowed).toMatchObject({ result: { status: "SUCCESS" }, run: { cancelledCount: 30 } });
    expect(await app.sql(live, [connection])).toHaveLength(10);
  });

  test("does not believe an empty list", async () => {
    const account = "emptied@example.com";
    const connection = await app.connect(account);
    const [id = ""] = addEvents(app.simulator, account, 1);
    await resync(connection);
    app.simulator.control.deleteEvent(account, id);
    expect((await resync(connection)).result).toMatchObject({ status: "FAIL", errorCode: "MASS_CANCEL" });
  });

  test("begins again when PostgreSQL has lost what the round has seen", async () => {
    const account = "crash@example.com";
    const connection = await app.connect(account);
    addEvents(app.simulator, account, 3000);
    await resync(connection);
    const release = holdBack(account);
    const resyncing = resync(connection);
    await until(async () => (await app.sql("select from seen_appointment")).length > 0);
    await app.sql("truncate seen_appointment"); // as after a crash: the table is unlogged
    release();

    expect((await resyncing).result.status).toBe("SUCCESS");
    const live = await app.sql("select from appointment where connection_id = $1 and status <> 'CANCELLED'", [
      connection,
    ]);
    expect(live).toHaveLength(3000);
  });
});
