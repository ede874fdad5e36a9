import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Role } from "../../src/access/actor.js";
import { TestApp } from "../support/app.js";
import { addEvent } from "../support/calendar.js";

/** With the limit that nothing configures: 100. */
let app: TestApp;
/** Each test's managers are of a firm of its own. */
let firmId = "100";

beforeAll(async () => {
  app = await TestApp.start({ environment: { RATE_LIMIT_PER_MINUTE: "" } });
});

beforeEach(() => {
  firmId = String(Number(firmId) + 1);
});

afterAll(() => app.stop());

interface Answer {
  status: number;
  retryAfter: string | null;
  body: { data?: Record<string, unknown> | null; errors?: { message: string; extensions: Record<string, unknown> }[] };
}

async function ask(query: string, { role = "manager", of = firmId, body = {} }: Asking = {}): Promise<Answer> {
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${await app.token(role, of)}` },
    body: JSON.stringify({ query, ...body }),
  });
  const answered = (await response.json()) as Answer["body"];
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: answered };
}

interface Asking {
  role?: Role;
  of?: string;
  body?: { operationName?: string; variables?: object };
}

/** So many mutations in one document, of what does not exist. */
function many(count: number): string {
  return `mutation { ${Array.from({ length: count }, (_, index) => `m${index}: pauseConnection(connectionId: "999999") { id }`).join(" ")} }`;
}

const one = many(1);

async function use(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 10) {
    const { status, body } = await ask(many(Math.min(left, 10)));
    expect([status, body.errors?.[0]?.extensions]).toEqual([200, { code: "NOT_FOUND" }]);
  }
}

function expectRefused({ status, retryAfter, body }: Answer): void {
  expect(status).toBe(429);
  expect(retryAfter).toMatch(/^([1-9]|[1-5]\d|60)$/);
  expect(Object.keys(body)).toEqual(["errors"]);
  const retryAt: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(body.errors?.map(({ extensions }) => extensions)).toEqual([{ code: "RATE_LIMITED", retryAt }]);
}

test("a hundred a minute pass, the next is refused, and other users and queries are not", async () => {
  for (let count = 0; count < 100; count += 1) expect((await ask(one)).status).toBe(200);
  expectRefused(await ask(one));
  expect((await ask(one, { role: "partner" })).status).toBe(200);
  expect((await ask(one, { of: "100" })).status).toBe(200);
  const query = await ask("{ viewer { id } calendarConnections { totalCount } }");
  expect(query).toMatchObject({ status: 200, body: { data: { calendarConnections: { totalCount: 0 } } } });
  expectRefused(await ask(one));
});

test("what is refused is not begun, none of it", async () => {
  const connection = await app.connect("limited@example.org", firmId);
  await use(99);
  expectRefused(
    await ask(
      `mutation { a: pauseConnection(connectionId: "${connection}") { id } b: pauseConnection(connectionId: "1") { id } }`,
    ),
  );
  const rows = await app.sql("select status from calendar_connection where id = $1", [connection]);
  expect(rows).toEqual([{ status: "ACTIVE" }]);
  expect(await app.sql("select from audit_event where firm_id = $1", [firmId])).toEqual([]);
});

const pause = 'pauseConnection(connectionId: "999999") { id }';
const resume = 'resumeConnection(connectionId: "999999") { id }';

describe("what is counted is what is executed:", () => {
  test.each([
    ["aliases", `mutation { a: ${pause} b: ${pause} c: ${resume} }`, 3],
    [
      "fields of fragments",
      `mutation { ...F a: ${pause} } fragment F on Mutation { b: ${pause} ...G } fragment G on Mutation { ${resume} }`,
      3,
    ],
    ["fields of inline fragments", `mutation { ... { a: ${pause} } ... on Mutation { b: ${pause} } }`, 2],
    ["a field that is there twice, once", `mutation { ${pause} ...F ...F } fragment F on Mutation { ${pause} }`, 1],
    ["no introspection", `mutation { __typename ${pause} }`, 1],
  ])("%s", async (_, query, count) => {
    await use(100 - count);
    expect((await ask(query)).status).toBe(200);
    expectRefused(await ask(one));
  });

  test("the operation that is asked for, not the one beside it", async () => {
    const query = `query Q { viewer { id } } mutation A { ${pause} } mutation B { a: ${pause} b: ${pause} c: ${pause} }`;
    await use(98);
    expect((await ask(query, { body: { operationName: "A" } })).status).toBe(200);
    expect((await ask(query, { body: { operationName: "Q" } })).status).toBe(200);
    expectRefused(await ask(query, { body: { operationName: "B" } }));
  });
});

test.each<Role>(["client", "staff"])("a %s is told that it may not, however often it asks", async (role) => {
  for (let count = 0; count < 11; count += 1) {
    const { status, body } = await ask(many(10), { role });
    expect([status, new Set(body.errors?.map(({ extensions }) => extensions["code"]))]).toEqual([
      200,
      new Set(["FORBIDDEN"]),
    ]);
  }
});

test("a document that is refused before it is executed costs nothing", async () => {
  await use(99);
  for (let count = 0; count < 5; count += 1) expect((await ask("mutation { nonsense }")).status).toBe(400);
  expect((await ask(one)).status).toBe(200);
  expectRefused(await ask(one));
});

test("a replay that a provider's Retry-After refuses stays an answer with data", async () => {
  const account = "retry-after@example.org";
  const connection = await app.connect(account, firmId);
  addEvent(app.simulator, account, "One");
  const throttled = { status: 429, headers: { "retry-after": "3600" }, body: "" };
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times: 1, then: throttled });
  await app.pull(connection);
  const [attempt] = await app.sql<{ id: string }>("select id from sync_attempt where connection_id = $1", [connection]);
  const { status, retryAfter, body } = await ask(
    `mutation { replayAttempt(attemptId: "${String(attempt?.id)}") { message } }`,
  );
  expect({ status, retryAfter, data: body.data }).toEqual({
    status: 200,
    retryAfter: null,
    data: { replayAttempt: null },
  });
  expect(body.errors?.[0]?.extensions).toMatchObject({ code: "RATE_LIMITED", retryAt: expect.any(String) as unknown });
});
