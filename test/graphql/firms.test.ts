import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

/** Rows of firm 2, which a manager of firm 1 asks for. */
interface Foreign {
  connection: string;
  appointment: string;
  attempt: string;
  correlationId: string;
  ownerId: string;
}

let server: TestServer;
let foreign: Foreign;
const missing: Foreign = {
  connection: "900001",
  appointment: "900002",
  attempt: "900003",
  correlationId: "99999999-9999-4999-8999-999999999999",
  ownerId: "nobody",
};

beforeAll(async () => {
  server = await startTestServer();
  const connection = await server.given.connection({
    firm_id: "2",
    id: "700001",
    owner_id: "foreign-owner",
    account_email: "eve@example.test",
  });
  const appointment = await server.given.appointment({
    firm_id: "2",
    connection_id: connection,
    external_event_id: "ext_foreign",
  });
  const correlationId = "22222222-2222-4222-8222-222222222222";
  const { attemptId } = await server.given.openFailure(
    connection,
    { firm_id: "2" },
    { firm_id: "2", correlation_id: correlationId },
  );
  const run = await server.given.run(connection, { firm_id: "2", appointment_id: appointment });
  await server.given.attempt(
    { id: run, connectionId: connection },
    { firm_id: "2", operation: "UPSERT", appointment_id: appointment },
  );
  await server.given.auditEvent({ firm_id: "2", resource_id: connection, correlation_id: correlationId });
  foreign = { connection, appointment, attempt: attemptId, correlationId, ownerId: "foreign-owner" };
  await server.given.firm("1");
});
afterAll(() => server.stop());

/** Every argument that takes an id. */
const questions: Record<string, (ids: Foreign) => string> = {
  syncStatus: ({ connection }) => `syncStatus(connectionId: "${connection}") { provider statistics { totalAttempts } }`,
  failedAttempts: ({ connection }) => `failedAttempts(connectionId: "${connection}") { totalCount nodes { id } }`,
  "syncAttempts by appointment and status": ({ appointment }) =>
    `syncAttempts(status: SUCCESS, filter: { appointmentId: "${appointment}" }) { totalCount nodes { id } }`,
  syncAttempts: ({ connection }) => `syncAttempts(connectionId: "${connection}") { totalCount nodes { id } }`,
  "syncAttempts by appointment": ({ appointment }) =>
    `syncAttempts(filter: { appointmentId: "${appointment}" }) { totalCount nodes { id } }`,
  syncAttempt: ({ attempt }) => `syncAttempt(id: "${attempt}") { id run { id } connection { id } }`,
  syncRun: ({ correlationId }) => `syncRun(correlationId: "${correlationId}") { id }`,
  "syncRun, waiting": ({ correlationId }) => `syncRun(correlationId: "${correlationId}", waitSeconds: 1) { id }`,
  syncRuns: ({ connection }) => `syncRuns(connectionId: "${connection}") { totalCount nodes { id } }`,
  "syncRuns by appointment": ({ appointment }) =>
    `syncRuns(appointmentId: "${appointment}") { totalCount nodes { id } }`,
  calendarConnection: ({ connection }) => `calendarConnection(id: "${connection}") { id health activeRun { id } }`,
  "calendarConnections by owner": ({ ownerId }) =>
    `calendarConnections(ownerId: "${ownerId}") { totalCount nodes { id } }`,
  appointment: ({ appointment }) => `appointment(id: "${appointment}") { id connection { id } }`,
  appointments: ({ connection }) => `appointments(connectionId: "${connection}") { totalCount nodes { id } }`,
  "auditEvents by resource": ({ connection }) => `auditEvents(resourceId: "${connection}") { totalCount nodes { id } }`,
  "auditEvents by correlation": ({ correlationId }) =>
    `auditEvents(correlationId: "${correlationId}") { totalCount nodes { id } }`,
};

describe("another firm's id answers byte for byte as a missing one:", () => {
  test.each(Object.entries(questions))("%s", async (_name, question) => {
    const theirs = await server.ask(`{ ${question(foreign)} }`);
    const none = await server.ask(`{ ${question(missing)} }`);
    expect(theirs.text).toBe(none.text);
    const ours = await server.ask(`{ ${question(foreign)} }`, {}, await tokenOf({ firmId: "2" }));
    expect(ours.text).not.toBe(none.text); // the question does find something for whom it belongs to
  });

  test.each(["0", "-1", "9223372036854775808", "99999999999999999999", "1.5", "abc", "", " 1", "01", "1e3"])(
    "so does the id %j",
    async (id) => {
      for (const field of ["calendarConnection(id: $id)", "syncAttempt(id: $id)", "appointment(id: $id)"]) {
        const ask = (value: string) => server.ask(`query ($id: ID!) { ${field} { id } }`, { id: value });
        expect((await ask(id)).text).toBe((await ask("900001")).text);
      }
      const list = (value: string) =>
        server.ask("query ($id: ID) { syncRuns(connectionId: $id) { totalCount nodes { id } } }", { id: value });
      expect((await list(id)).text).toBe((await list("900001")).text);
    },
  );
});

test("lists without filters hold the firm's own rows alone", async () => {
  const { data, errors } = await server.ask(`{
    calendarConnections { totalCount nodes { id } } syncRuns { totalCount } appointments { totalCount }
    syncAttempts { totalCount nodes { id } } failedAttempts(includeClosed: true, includeExhausted: true) { totalCount }
  }`);
  expect(errors).toEqual([]);
  expect(data).toEqual({
    calendarConnections: { totalCount: 0, nodes: [] },
    syncRuns: { totalCount: 0 },
    appointments: { totalCount: 0 },
    syncAttempts: { totalCount: 0, nodes: [] },
    failedAttempts: { totalCount: 0 },
  });
});

test("a manager of a firm that nobody knows sees an empty firm", async () => {
  const { data, errors } = await server.ask(
    "{ calendarConnections { totalCount } viewer { firmId } }",
    {},
    await tokenOf({ firmId: "9223372036854775807" }),
  );
  expect(errors).toEqual([]);
  expect(data).toEqual({ calendarConnections: { totalCount: 0 }, viewer: { firmId: "9223372036854775807" } });
});

test("a cursor of another firm shows none of its rows", async () => {
  const theirs = await server.ask<{ syncRuns: { pageInfo: { endCursor: string } } }>(
    "{ syncRuns(first: 1) { pageInfo { endCursor } } }",
    {},
    await tokenOf({ firmId: "2" }),
  );
  const cursor = theirs.data?.syncRuns.pageInfo.endCursor;
  expect(cursor).toEqual(expect.any(String));
  const { data, errors } = await server.ask("query ($after: String) { syncRuns(after: $after) { nodes { id } } }", {
    after: cursor,
  });
  expect(errors).toEqual([]);
  expect(data).toEqual({ syncRuns: { nodes: [] } });
});
