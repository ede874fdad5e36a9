import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { post, startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.given.connection();
});
afterAll(() => server.stop());

const cursor = (text: string) => Buffer.from(text).toString("base64url");

/** A field with a bad argument, and the argument's name. */
const badArguments: [field: string, argument: string][] = [
  ["syncRuns(first: 0) { totalCount }", "first"],
  ["syncRuns(first: -1) { totalCount }", "first"],
  ["syncRuns(first: 201) { totalCount }", "first"],
  ['syncRuns(first: "ten") { totalCount }', "first"],
  ["syncRuns(first: 3000000000) { totalCount }", "first"],
  ["syncRuns(first: null) { totalCount }", "first"],
  ["syncRuns(status: [BROKEN]) { totalCount }", "status"],
  ['syncRuns(after: "garbage") { totalCount }', "after"],
  ['syncRuns(after: "") { totalCount }', "after"],
  [`syncRuns(after: "${cursor("1:syncAttempts:5")}") { totalCount }`, "after"],
  [`syncRuns(after: "${cursor("2:syncRuns:5")}") { totalCount }`, "after"],
  [`syncRuns(after: "${cursor("1:syncRuns:-5")}") { totalCount }`, "after"],
  [`syncRuns(after: "${cursor("1:syncRuns:9223372036854775808")}") { totalCount }`, "after"],
  [`syncRuns(after: "${cursor("1:syncRuns:5; drop table firm")}") { totalCount }`, "after"],
  [`syncRuns(after: "${"A".repeat(5000)}") { totalCount }`, "after"],
  [`appointments(after: "${cursor("1:appointmentsByStart:yesterday 5")}") { totalCount }`, "after"],
  [`appointments(after: "${cursor("1:appointmentsByUpdate:2026-03-01T09:00:00Z 5")}") { totalCount }`, "after"],
  [`failedAttempts(offset: 0, after: "${cursor("1:failedAttempts:5")}") { totalCount }`, "offset"],
  ["failedAttempts(offset: -1) { totalCount }", "offset"],
  ["failedAttempts(offset: 10001) { totalCount }", "offset"],
  ['appointments(startsAfter: "2026-03-01T09:00:00") { totalCount }', "startsAfter"],
  ['appointments(startsAfter: "2026-02-30T09:00:00Z") { totalCount }', "startsAfter"],
  ['appointments(startsBefore: "2026-03-01") { totalCount }', "startsBefore"],
  ["appointments(updatedAfter: 5) { totalCount }", "updatedAfter"],
  ['appointments(updatedAfter: "") { totalCount }', "updatedAfter"],
  ['auditEvents(createdAfter: "10000-01-01T00:00:00Z") { totalCount }', "createdAfter"],
  ['failedAttempts(filter: { startedAfter: "now" }) { totalCount }', "filter"],
  ["failedAttempts(filter: { errorClass: [WORSE] }) { totalCount }", "filter"],
  ["failedAttempts(filter: { colour: 5 }) { totalCount }", "filter"],
  ['failedAttempts(includeClosed: "yes") { totalCount }', "includeClosed"],
  ['calendarConnections(search: "\\u0000") { totalCount }', "search"],
  [`calendarConnections(search: "${"x".repeat(201)}") { totalCount }`, "search"],
  ['calendarConnections(ownerId: "\\u0000") { totalCount }', "ownerId"],
  ['auditEvents(eventType: "\\u0000") { totalCount }', "eventType"],
  ['appointments(externalEventId: "\\u0000") { totalCount }', "externalEventId"],
  ['syncRun(correlationId: "x", waitSeconds: 26) { id }', "waitSeconds"],
  ['syncRun(correlationId: "x", waitSeconds: -1) { id }', "waitSeconds"],
  ["calendarConnection(id: 1.5) { id }", "id"],
  ["calendarConnection(id: true) { id }", "id"],
  ["calendarConnection(id: { a: 1 }) { id }", "id"],
];

test.each(badArguments)("%s is refused, naming %s", async (field, argument) => {
  const { errors } = await server.ask(`{ ${field} }`);
  expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: "BAD_USER_INPUT", argument }]);
});

/** Variables with a bad value, and the argument that takes them. */
const badVariables: [type: string, value: unknown, field: string, argument: string][] = [
  ["Int!", "ten", "syncRuns(first: $value) { totalCount }", "first"],
  ["Int!", 1.5, "syncRuns(first: $value) { totalCount }", "first"],
  ["Int!", 2 ** 40, "syncRuns(first: $value) { totalCount }", "first"],
  ["Int", null, "syncRuns(first: $value) { totalCount }", "first"],
  ["Int", 0, "syncRuns(first: $value) { totalCount }", "first"],
  ["ID!", null, "calendarConnection(id: $value) { id }", "id"],
  ["ID!", { a: 1 }, "calendarConnection(id: $value) { id }", "id"],
  ["DateTime", "2026-02-30T00:00:00Z", "appointments(startsAfter: $value) { totalCount }", "startsAfter"],
  ["DateTime", 1e300, "appointments(startsAfter: $value) { totalCount }", "startsAfter"],
  ["SyncAttemptFilter", { errorClass: "toString" }, "failedAttempts(filter: $value) { totalCount }", "filter"],
  ["SyncAttemptFilter", { constructor: 1 }, "failedAttempts(filter: $value) { totalCount }", "filter"],
  ["SyncAttemptFilter", [1], "failedAttempts(filter: $value) { totalCount }", "filter"],
  ["DateTime", "5", "failedAttempts(filter: { startedAfter: $value }) { totalCount }", "filter"],
  ["[SyncRunStatus!]", [null], "syncRuns(status: $value) { totalCount }", "status"],
  ["String", "\ud800", "calendarConnections(search: $value) { totalCount }", "search"],
  ["String", "\0", "calendarConnections(search: $value) { totalCount }", "search"],
];

test.each(badVariables)("a %s variable of %j in %s is refused, naming %s", async (type, value, field, argument) => {
  const { errors } = await server.ask(`query ($value: ${type}) { ${field} }`, { value });
  expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: "BAD_USER_INPUT", argument }]);
});

describe("a document is refused with 400", () => {
  test.each([
    ["that is no GraphQL", "{ viewer { id }", "GRAPHQL_PARSE_FAILED"],
    ["that is empty", "", "BAD_USER_INPUT"],
    ["with an unknown field", "{ viewer { shoeSize } }", "GRAPHQL_VALIDATION_FAILED"],
    ["with an unknown argument", "{ viewer(a: 1) { id } }", "GRAPHQL_VALIDATION_FAILED"],
    ["without a needed argument", "{ calendarConnection { id } }", "GRAPHQL_VALIDATION_FAILED"],
    ["with an unknown variable", "{ syncRuns(first: $n) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"],
    [
      "with a variable of another type",
      "query ($n: String) { syncRuns(first: $n) { totalCount } }",
      "GRAPHQL_VALIDATION_FAILED",
    ],
    ["with a bad default", 'query ($n: Int = "x") { syncRuns(first: $n) { totalCount } }', "GRAPHQL_VALIDATION_FAILED"],
    [
      "of two operations without a name",
      "query a { viewer { id } } query b { viewer { id } }",
      "GRAPHQL_VALIDATION_FAILED",
    ],
    ["of 2,001 tokens", `{ ${"__typename ".repeat(1999)} }`, "GRAPHQL_PARSE_FAILED"],
    ["with fragments in a circle", "{ ...a } fragment a on Query { ...a }", "GRAPHQL_VALIDATION_FAILED"],
    ["that subscribes", "subscription { viewer { id } }", "GRAPHQL_VALIDATION_FAILED"],
  ])("%s", async (_name, query, code) => {
    const { status, data, errors } = await server.ask(query);
    expect({ status, data, codes: [...new Set(errors.map(({ extensions }) => extensions["code"]))] }).toEqual({
      status: 400,
      data: undefined,
      codes: [code],
    });
  });
});

describe("a body is refused", () => {
  test.each([
    ["that is no JSON", "{", 400],
    ["that is a list of operations", '[{"query":"{ __typename }"}]', 400],
    ["that is a text", '"{ viewer { id } }"', 400],
    ["without an operation", "{}", 400],
    ["with variables that are none", '{"query":"{ __typename }","variables":5}', 400],
    ["that is not a number of JSON", '{"query":"{ __typename }","variables":{"a":NaN}}', 400],
    ["over 100 kB", JSON.stringify({ query: `{ __typename } #${"x".repeat(103_000)}` }), 413],
  ])("%s", async (_name, body, status) => {
    const answer = await post(server.url, body, await tokenOf());
    expect(answer.status).toBe(status);
    expect(answer.errors.map(({ extensions }) => extensions["code"])).toEqual(["BAD_USER_INPUT"]);
  });

  test.each([["text/plain"], ["application/x-www-form-urlencoded"], ["application/json; charset=klingon"]])(
    "of type %s",
    async (type) => {
      const headers = { "content-type": type, authorization: `Bearer ${await tokenOf()}` };
      const response = await fetch(`${server.url}/graphql`, { method: "POST", headers, body: "query=x" });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(JSON.parse(await response.text())).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
    },
  );
});

test("variables with names of the language's own objects harm nobody", async () => {
  const body =
    '{"query":"query ($a: Int) { syncRuns(first: $a) { totalCount } }","variables":{"__proto__":{"a":1},"a":1,"constructor":{"prototype":{}}}}';
  expect((await post(server.url, body, await tokenOf())).errors).toEqual([]);
});

test("nothing of all this was an error of the server's own", () => {
  expect(server.logLines.filter((line) => line.includes('"level":50'))).toEqual([]);
});
