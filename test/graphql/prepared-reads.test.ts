import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { sql } from "kysely";
import { isPrepared } from "../../src/database/prepared-statements.js";
import { Conditions } from "../../src/graphql/conditions.js";
import { sentStatements } from "../database/sent-statements.js";
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

/** The texts that are prepared of what is sent while each question is asked for each connection. */
async function preparedFor(ids: readonly string[]): Promise<Set<string>> {
  const sent = await sentStatements(server.em, async () => {
    for (const id of ids)
      for (const question of questions) {
        const { errors } = await server.ask(`query ($id: ID!) { ${question} }`, { id });
        expect(errors).toEqual([]);
      }
  });
  return new Set(sent.map(({ sql }) => sql).filter(isPrepared));
}

test("what one connection's manager asks for is prepared, and the next ones' questions prepare nothing more", async () => {
  const first = await preparedFor(connections.slice(0, 1));
  expect(first.size).toBeGreaterThan(5);
  expect(await preparedFor(connections)).toEqual(first);
});

test("it would be noticed if a value stood in a text", async () => {
  const planted = jest.spyOn(Conditions.prototype, "givenId").mockImplementation(function (this: Conditions, text) {
    return text == null ? this : this.and(sql`connection_id = ${sql.lit(text)}`);
  });
  try {
    const first = await preparedFor(connections.slice(0, 1));
    expect((await preparedFor(connections)).size).toBeGreaterThanOrEqual(first.size + connections.length - 1);
  } finally {
    planted.mockRestore();
  }
});
