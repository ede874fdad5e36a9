import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
let connectionId: string;
/** Newest first. */
let failures: string[];

beforeAll(async () => {
  server = await startTestServer();
  connectionId = await server.given.connection();
  for (let i = 0; i < 7; i++) await server.given.openFailure(connectionId);
  const rows = await server.given.sql<{ id: string }>("select id from sync_attempt order by id desc");
  failures = rows.map(({ id }) => id);
  await server.given.counters(connectionId, { open_retryable: 7, transient_failures: 7 });
});
afterAll(() => server.stop());

interface PageAnswer {
  nodes: { id: string }[];
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  totalCount: number;
}

const pageFields =
  "{ nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }";

async function page(field: string, args: string): Promise<PageAnswer> {
  const { data, errors } = await server.ask<Record<string, PageAnswer>>(
    `{ ${field}${args === "" ? "" : `(${args})`} ${pageFields} }`,
  );
  expect(errors).toEqual([]);
  const answer = data?.[field];
  if (!answer) throw new Error(`No ${field} in the answer`);
  return answer;
}

async function allByCursor(field: string, first: number, others = ""): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const { nodes, pageInfo } = await page(
      field,
      `first: ${first}${others}${after === null ? "" : `, after: "${after}"`}`,
    );
    ids.push(...nodes.map(({ id }) => id));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
  return ids;
}

describe("paging by cursor", () => {
  test.each([1, 3, 6, 7, 200])("shows every row once with %i a page", async (first) => {
    expect(await allByCursor("failedAttempts", first)).toEqual(failures);
    expect(await allByCursor("syncAttempts", first)).toEqual(failures);
    expect(await allByCursor("syncRuns", first)).toHaveLength(7);
  });

  test("skips nothing and repeats nothing while rows are added", async () => {
    const before = await page("syncAttempts", "first: 3");
    const added = await server.given.openFailure(connectionId);
    const next = await page("syncAttempts", `first: 200, after: "${String(before.pageInfo.endCursor)}"`);
    expect(next.nodes.map(({ id }) => id)).toEqual(failures.slice(3));
    await server.given.sql("delete from sync_attempt where id = $1", [added.attemptId]);
    await server.given.sql("delete from sync_run where id = $1", [added.runId]);
  });

  test("tells where a page begins and ends", async () => {
    const { edges, pageInfo, totalCount } = await page("failedAttempts", "first: 3");
    expect(edges.map(({ node }) => node.id)).toEqual(failures.slice(0, 3));
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges[2]?.cursor,
    });
    expect(totalCount).toBe(7);
    const last = await page("failedAttempts", `first: 4, after: "${String(pageInfo.endCursor)}"`);
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const empty = await page("failedAttempts", `after: "${String(last.pageInfo.endCursor)}"`);
    expect(empty.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null });
  });

  test("keeps its place among appointments of the same moment", async () => {
    for (let i = 0; i < 5; i++) await server.given.appointment({ connection_id: connectionId });
    await server.given.appointment({ connection_id: connectionId, starts_at: "2026-02-01T09:00:00.123Z" });
    const all = await allByCursor("appointments", 200);
    expect(all).toHaveLength(6);
    expect(await allByCursor("appointments", 2)).toEqual(all);
    expect(await allByCursor("appointments", 1, ', updatedAfter: "2020-01-01T00:00:00Z"')).toHaveLength(6);
  });

  test("works below a connection as well", async () => {
    const query =
      "query ($id: ID!, $after: String) { calendarConnection(id: $id) { failedAttempts(first: 5, after: $after) { nodes { id } totalCount pageInfo { endCursor hasNextPage } } } }";
    interface Answer {
      calendarConnection: { failedAttempts: PageAnswer };
    }
    const ask = async (after: string | null) =>
      (await server.ask<Answer>(query, { id: connectionId, after })).data?.calendarConnection.failedAttempts;
    const first = await ask(null);
    expect(first).toMatchObject({ totalCount: 7, pageInfo: { hasNextPage: true } });
    const second = await ask(first?.pageInfo.endCursor ?? null);
    expect([...(first?.nodes ?? []), ...(second?.nodes ?? [])].map(({ id }) => id)).toEqual(failures);
  });
});

describe("paging by number", () => {
  test("shows the rows from the offset on", async () => {
    const { nodes, pageInfo, totalCount } = await page("failedAttempts", "first: 3, offset: 5");
    expect(nodes.map(({ id }) => id)).toEqual(failures.slice(5));
    expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(totalCount).toBe(7);
    expect((await page("calendarConnections", "offset: 10000")).nodes).toEqual([]);
  });
});

describe("totalCount", () => {
  test("is exact up to 10,000, and from counters beyond", async () => {
    const large = await server.given.connection({ firm_id: "3" });
    await server.given.sql(`
      insert into sync_attempt (firm_id, run_id, connection_id, provider, operation, direction, status, state, error_class, error_code, error_summary, finished_at, correlation_id)
      select 3, 1, ${large}, 'GOOGLE', 'LIST_CHANGES', 'PULL', 'FAIL', 'OPEN', 'TRANSIENT', 'TIMEOUT', 'No answer.', now(), gen_random_uuid() from generate_series(1, 10050)`);
    await server.given.counters(large, { transient_failures: 10_050, open_retryable: 10_050 });
    const query = `{
      all: syncAttempts { totalCount } failed: syncAttempts(status: FAIL) { totalCount }
      open: failedAttempts { totalCount } filtered: failedAttempts(filter: { errorCode: "TIMEOUT" }) { totalCount }
      empty: failedAttempts(filter: {}) { totalCount } none: failedAttempts(filter: { errorCode: "X" }) { totalCount }
    }`;
    const { data } = await server.ask(query, {}, await tokenOf({ firmId: "3" }));
    expect(data).toEqual({
      all: { totalCount: 10_050 },
      failed: { totalCount: 10_001 },
      open: { totalCount: 10_050 },
      filtered: { totalCount: 10_001 },
      empty: { totalCount: 10_050 },
      none: { totalCount: 0 },
    });
  });
});
