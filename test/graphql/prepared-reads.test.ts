import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { sql } from "kysely";
import { Conditions } from "../../src/graphql/conditions.js";
import { startTestServer, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
const connections: string[] = [];

beforeAll(async () => {
  server = await startTestServer();
  for (let count = 0; count < 12; count += 1) connections.push(await server.given.connection());
  for (const connectionId of connections) await server.given.openFailure(connectionId);
});
afterAll(() => server.stop());

/** What a manager looks at most, of one connection. */
const questions = [
  "syncStatus(connectionId: $id) { health statistics { totalAttempts pendingRetry } }",
  "calendarConnection(id: $id) { activeRun { id } lastFailure { id } failedAttempts { totalCount nodes { run { id } } } }",
  "failedAttempts(connectionId: $id, first: 3) { totalCount nodes { id } }",
  "syncAttempts(connectionId: $id, first: 3) { totalCount nodes { id } }",
];

/** How many statements the server's sessions have prepared, each counted once. */
async function preparedAfterAsking(ids: readonly string[]): Promise<number> {
  const texts = new Set<string>();
  for (const id of ids)
    for (const question of questions) {
      const { errors } = await server.ask(`query ($id: ID!) { ${question} }`, { id });
      expect(errors).toEqual([]);
      // Asked one after another, every statement is sent on the pool's one session that is in use.
      for (const { statement } of await prepared()) texts.add(statement);
    }
  return texts.size;
}

function prepared() {
  return server.em.execute<{ statement: string }[]>(
    "select statement from pg_prepared_statements where statement not like '%pg_prepared_statements%'",
  );
}

test("what one connection's manager asks for is prepared, and the next ones' questions prepare nothing more", async () => {
  const first = await preparedAfterAsking(connections.slice(0, 2));
  expect(first).toBeGreaterThan(5);
  expect(await preparedAfterAsking(connections)).toBe(first);
});

test("it would be noticed if a value stood in a text", async () => {
  const planted = jest.spyOn(Conditions.prototype, "givenId").mockImplementation(function (this: Conditions, text) {
    return text == null ? this : this.and(sql`a.connection_id = ${sql.lit(text)}`);
  });
  try {
    const questionsWithoutCounts = connections.map(
      (id) => `{ syncAttempts(connectionId: ${id}, first: 3) { nodes { id } } }`,
    );
    const before = (await prepared()).length;
    for (const question of questionsWithoutCounts) expect((await server.ask(question)).errors).toEqual([]);
    expect((await prepared()).length).toBeGreaterThan(before + connections.length / 2);
  } finally {
    planted.mockRestore();
  }
});
