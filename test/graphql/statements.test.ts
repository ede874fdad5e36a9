import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sentStatements } from "../database/sent-statements.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await fill("11", 2);
  await fill("12", 60);
});
afterAll(() => server.stop());

async function fill(firmId: string, connections: number): Promise<void> {
  for (let i = 0; i < connections; i++) {
    const id = await server.given.connection({ firm_id: firmId });
    const appointment = await server.given.appointment({ firm_id: firmId, connection_id: id });
    await server.given.openFailure(id, { firm_id: firmId, appointment_id: appointment }, { firm_id: firmId });
    await server.given.openFailure(id, { firm_id: firmId }, { firm_id: firmId });
    await server.given.run(id, { firm_id: firmId, status: "QUEUED" });
  }
}

const nested = `{
  calendarConnections(first: 200) {
    totalCount
    nodes {
      id health lastSyncAt consecutiveFailures
      statistics { totalAttempts pendingRetry }
      activeRun { id status connection { id } }
      lastFailure { id isRunning isReplayable run { id attempts { id } lastAttempt { id } } }
      failedAttempts(first: 5) { totalCount nodes { id notReplayableReason appointment { id connection { id } } connection { id } } }
    }
  }
}`;

/** Statements that the application's pool sends. */
async function statementsOf(firmId: string): Promise<{ count: number; rows: number | undefined }> {
  let rows: number | undefined;
  const sent = await sentStatements(server.em, async () => {
    const { data, errors } = await server.ask<{ calendarConnections: { nodes: unknown[] } }>(
      nested,
      {},
      await tokenOf({ firmId }),
    );
    expect(errors).toEqual([]);
    rows = data?.calendarConnections.nodes.length;
  });
  return { count: sent.length, rows };
}

// Which answer comes first decides how many batches some keys fall into: the number varies a little, but not with the rows.
test("a nested question costs no more statements for 60 connections than for 2", async () => {
  const mostStatements = 20;
  for (const [firmId, connections] of [
    ["11", 2],
    ["12", 60],
  ] as const) {
    const { count, rows } = await statementsOf(firmId);
    expect(rows).toBe(connections);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(mostStatements);
  }
});
