import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { addPartition } from "../../src/maintain/add-partitions.js";
import { startTestServer, type GraphqlAnswer, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
let owner: pg.Client;
let connectionId: string;

/** Ids 1 to 4 lie in DEFAULT, then three to a partition, with a gap between the second and the third, and the newest in DEFAULT again. */
const ranges = [5, 8, 12];

beforeAll(async () => {
  server = await startTestServer();
  owner = new pg.Client(server.database.ownerUrl);
  await owner.connect();
  for (const from of ranges) await partitionFrom(from);
  connectionId = await server.given.connection();
  for (let count = 0; count < 18; count += 1) await server.given.openFailure(connectionId);
});
afterAll(async () => {
  await owner.end();
  await server.stop();
});

async function partitionFrom(from: number, to = from + 3): Promise<void> {
  await addPartition(owner, "sync_attempt", { name: `sync_attempt_${from}`, from, to });
}

async function stored(): Promise<string[]> {
  const rows = await server.given.sql<{ id: string }>("select id from sync_attempt order by id desc");
  return rows.map(({ id }) => id);
}

interface Listed {
  list: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}

async function listed(field: string, first: number, others: string): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { data, errors }: GraphqlAnswer<Listed> = await server.ask(
      `query ($after: String) { list: ${field}(first: ${first}, after: $after${others}) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    expect(errors).toEqual([]);
    ids.push(...(data?.list.nodes ?? []).map(({ id }) => id));
    if (data?.list.pageInfo.hasNextPage !== true) return ids;
    after = data.list.pageInfo.endCursor;
  }
}

const lists = ["failedAttempts", "syncAttempts"].flatMap((field) => [
  [field, ""] as const,
  [field, ", connectionId: 1"] as const,
]);

/** What the lists show that differs from what is stored. */
async function wrongLists(sizes: readonly number[]): Promise<string[]> {
  const [ids, wrong] = [await stored(), [] as string[]];
  for (const [field, others] of lists)
    for (const first of sizes) {
      const found = await listed(field, first, others);
      if (found.join() !== ids.join()) wrong.push(`${field}${others}, ${first} a page: ${found.join()}`);
    }
  return wrong;
}

// In this order: the server remembers for a minute which partitions there are.
test("lists show every row once, newest first, wherever it lies", async () => {
  expect(connectionId).toBe("1");
  expect((await stored()).length).toBe(18);
  expect(await wrongLists([1, 2, 5, 200])).toEqual([]);
});

test("lists are whole while partitions are made that the server does not know of", async () => {
  await partitionFrom(15, 17);
  await partitionFrom(17, 30);
  await server.given.openFailure(connectionId);
  expect(await wrongLists([2, 200])).toEqual([]);
});

test("lists are whole after a partition that the server knows of has gone, and what is kept of it lies in DEFAULT", async () => {
  await owner.query("alter table sync_attempt detach partition sync_attempt_5");
  await server.given.sql("insert into sync_attempt select * from sync_attempt_5 where id = 6");
  await owner.query("drop table sync_attempt_5");
  expect(await stored()).not.toContain("5");
  expect(await wrongLists([2, 200])).toEqual([]);
});

test("it would be noticed if what lies in no known partition were left out", async () => {
  const executor = server.em.getConnection().getClient().getExecutor();
  const original = executor.executeQuery.bind(executor);
  executor.executeQuery = (query, ...rest) => {
    const sql = query.sql.replace(/and \((a\.id) < ('\d+') or a\.id >= '\d+'\)/, "and $1 < $2");
    return original({ ...query, sql }, ...rest);
  };
  try {
    expect(await wrongLists([200])).toHaveLength(lists.length);
  } finally {
    executor.executeQuery = original;
  }
});
