import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { buildSchema, getIntrospectionQuery, parse, type OperationDefinitionNode } from "graphql";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { querySize, type QuerySize } from "../../src/graphql/query-size.js";
import { post, startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ mutationLimit: new MutationLimit({ mutations: 11, windowSeconds: 60 }) });
});
afterAll(() => server.stop());

async function ask(query: string, variables: object = {}): Promise<{ status: number; codes: unknown[] }> {
  const { status, errors } = await server.ask(query, variables);
  return { status, codes: errors.map(({ extensions }) => extensions["code"]) };
}

const tooComplex = { status: 400, codes: ["QUERY_TOO_COMPLEX"] };
const served = { status: 200, codes: [] };

/** A query whose fields are so deep. */
function nested(depth: number): string {
  const hops = (left: number): string =>
    left === 1 ? "id" : left === 2 ? "run { id }" : `run { lastAttempt { ${hops(left - 2)} } }`;
  return `{ failedAttempts { nodes { ${hops(depth - 2)} } } }`;
}

const aliases = (count: number, field: string): string =>
  Array.from({ length: count }, (_, index) => `a${index}: ${field}`).join(" ");

describe("an operation may be", () => {
  test("ten levels deep", async () => {
    expect(await ask(nested(10))).toMatchObject(served);
    expect(await ask(nested(11))).toMatchObject(tooComplex);
  });

  test("as dear as ten thousand rows along a path", async () => {
    const query = `query ($outer: Int = 200, $inner: Int!) {
      calendarConnections(first: $outer) { nodes { failedAttempts(first: $inner) { totalCount } } } }`;
    expect(await ask(query, { inner: 50 })).toMatchObject(served);
    expect(await ask(query, { inner: 51 })).toMatchObject(tooComplex);
    expect(await ask(query, { outer: 50, inner: 200 })).toMatchObject(served);
    expect(await ask("{ calendarConnections(first: 200) { nodes { failedAttempts { totalCount } } } }")).toMatchObject(
      served,
    );
  });

  test("of fifteen aliases, also in fragments that are spread more than once", async () => {
    expect(await ask(`{ viewer { ${aliases(15, "id")} } }`)).toMatchObject(served);
    expect(await ask(`{ viewer { ${aliases(16, "id")} } }`)).toMatchObject(tooComplex);
    const spread = `fragment F on Viewer { ${aliases(8, "id")} }`;
    expect(await ask(`{ viewer { ...F } } ${spread}`)).toMatchObject(served);
    expect(await ask(`{ viewer { ...F ...F } } ${spread}`)).toMatchObject(tooComplex);
  });

  test("of ten root fields", async () => {
    const fields = (count: number): string => `{ ${aliases(count, "viewer { id }")} }`;
    expect(await ask(fields(10))).toMatchObject(served);
    expect(await ask(fields(11))).toMatchObject(tooComplex);
    expect(await ask(`{ ...F } fragment F on Query ${fields(11)}`)).toMatchObject(tooComplex);
  });

  test("of two thousand tokens", async () => {
    const { status, codes } = await ask(`{ viewer { ${"id ".repeat(2000)} } }`);
    expect({ status, codes }).toEqual({ status: 400, codes: ["GRAPHQL_PARSE_FAILED"] });
  });

  test("the standard introspection, which is deeper", async () => {
    expect(await ask(getIntrospectionQuery({ oneOf: false }))).toMatchObject(served);
  });
});

test("a mutation that asks for too much is not counted, and nothing of it is executed", async () => {
  const mutations = (count: number): string =>
    `mutation { ${aliases(count, 'cancelSyncRun(correlationId: "11111111-1111-4111-8111-111111111111") { run { id } }')} }`;
  expect(await ask(mutations(11))).toMatchObject(tooComplex);
  expect(await ask(mutations(10))).toEqual({ status: 200, codes: Array<string>(10).fill("NOT_FOUND") });
  expect(await ask(mutations(1))).toMatchObject({ status: 200 });
  expect(await ask(mutations(1))).toMatchObject({ status: 429, codes: ["RATE_LIMITED"] });
});

test("many requests in one body are refused", async () => {
  const queries = [{ query: "{ viewer { id } }" }, { query: "{ viewer { id } }" }];
  expect((await post(server.url, queries, await tokenOf())).status).toBe(400);
});

describe("fragments that spread one another", () => {
  const schema = buildSchema("type Query { a: A } type A { a: A, rows(first: Int = 10): [A!]!, id: ID! }");
  const sizeOf = (text: string): QuerySize => {
    const document = parse(text);
    return querySize(schema, document, document.definitions[0] as OperationDefinitionNode, {});
  };

  test("are measured once each, though they would be executed a million times", () => {
    const fragments = Array.from(
      { length: 20 },
      (_, index) => `fragment F${index} on A { ...F${index + 1} ...F${index + 1} }`,
    );
    const { aliases: count } = sizeOf(`{ a { ...F0 } } ${fragments.join(" ")} fragment F20 on A { x: id }`);
    expect(count).toBe(2 ** 20);
  });

  test("count as deep and as dear as where they stand", () => {
    const inner = "fragment R on A { rows(first: 7) { id } }";
    expect(sizeOf(`{ a { rows { ...R ... on A { a { id } } } } } ${inner}`)).toMatchObject({ depth: 4, cost: 70 });
  });
});
