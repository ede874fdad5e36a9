import { createServer, type AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { openDatabase } from "../src/database/orm.js";
import type { ServerParts } from "../src/server.js";
import { post, startTestServer, tokenOf, type TestServer } from "./support/graphql-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ graphql: { graphiql: true, introspection: true, graphiqlToken: "token.of.demo" } });
});
afterAll(() => server.stop());

/** Servers that a single test needs. */
const others: TestServer[] = [];
afterEach(async () => {
  for (const other of others.splice(0)) await other.stop();
});

async function startAnother(parts: Partial<ServerParts>): Promise<TestServer> {
  const other = await startTestServer(parts);
  others.push(other);
  return other;
}

describe("without a good token", () => {
  /** Values of the Authorization header; null is none. Undici refuses what is no header, so these are all ones that can be sent. */
  const headers = [
    null,
    "",
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Basic dXNlcjpwYXNz",
    "Token abc",
    "Bearer abc",
    "Bearer a.b.c",
    `Bearer ${"A".repeat(100_000)}`,
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZmlybV9pZCI6MSwicm9sZSI6Im1hbmFnZXIiLCJleHAiOjQ4MDAwMDAwMDB9.",
  ];

  test.each(headers)("401 comes with the same body, whatever is wrong: %.40j", async (authorization) => {
    const expected = await post(server.url, { query: "{ viewer { id } }" }, null);
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(authorization === null ? {} : { authorization }) },
      body: JSON.stringify({ query: "{ viewer { id } }" }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="api"');
    expect(await response.text()).toBe(expected.text);
  });

  test.each([
    ["no JSON", "{"],
    ["a body over 100 kB", "x".repeat(200_000)],
    ["no GraphQL", '{"query":"{"}'],
  ])("401 comes before anything is read of %s", async (_name, body) => {
    expect((await post(server.url, body, null)).status).toBe(401);
  });

  test("a refused token is nowhere in the log", () => {
    expect(server.logLines.join("")).not.toContain("AAAAAAAA");
    expect(server.logLines.join("")).not.toContain("eyJhbGci");
  });
});

describe("every answer", () => {
  test("carries the request's id: the client's own, if it is a sane one", async () => {
    const idOf = async (asked: string) =>
      (await fetch(`${server.url}/healthz`, { headers: { "x-request-id": asked } })).headers.get("x-request-id");
    expect(await idOf("abc-1.2:3_4")).toBe("abc-1.2:3_4");
    expect(await idOf("a b")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf("x".repeat(101))).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf("<script>")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is JSON, also for what does not exist", async () => {
    for (const [path, method, status] of [
      ["/nothing", "GET", 404],
      ["/graphql", "PUT", 405],
      ["/graphql", "DELETE", 405],
      ["/%", "GET", 404],
    ] as const) {
      const response = await fetch(`${server.url}${path}`, { method });
      expect({ path, status: response.status }).toEqual({ path, status });
      expect(response.headers.get("content-type")).toContain("application/json");
      expect(await response.text()).not.toMatch(/at |node_modules|<html/i);
    }
  });

  test("does not say what the server is made of", async () => {
    const { headers } = await fetch(`${server.url}/healthz`);
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("has its line in the log, with operation, outcome, duration and firm", async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${await tokenOf()}`,
        "x-request-id": "find-me",
      },
      body: JSON.stringify({ query: "query Me { viewer { id } }" }),
    });
    await response.text();
    const line = server.logLines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find(({ requestId }) => requestId === "find-me");
    expect(line).toMatchObject({
      msg: "request",
      operation: "Me",
      status: 200,
      firmId: "1",
      userId: "42",
      path: "/graphql",
    });
    expect(typeof line?.["ms"]).toBe("number");
  });
});

describe("probes", () => {
  test("say that the process is up and ready", async () => {
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: "up" });
    expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ status: "ready" });
  });

  test("say that a migration is missing, or that the database cannot be asked", async () => {
    const behind = await startAnother({ pendingMigrations: () => Promise.resolve(["Migration1"]) });
    const down = await startAnother({
      pendingMigrations: () => Promise.reject(new Error("connect ECONNREFUSED 10.0.0.1:5432")),
    });
    for (const [one, status] of [
      [behind, "migrations pending"],
      [down, "database unavailable"],
    ] as const) {
      const response = await fetch(`${one.url}/readyz`);
      expect([response.status, await response.json()]).toEqual([503, { status }]);
    }
  });
});

describe("GraphiQL", () => {
  const page = async () => fetch(`${server.url}/graphql`, { headers: { accept: "text/html,*/*;q=0.8" } });

  test("loads nothing from outside", async () => {
    const response = await page();
    const html = await response.text();
    expect(html).not.toMatch(/<(script|link|img|iframe)[^>]*\s(src|href)\s*=\s*["']?(https?:)?\/\//i);
    expect(html).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\//i);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|\*/);
  });

  test("runs its own script alone, under a nonce of this answer", async () => {
    const [first, second] = await Promise.all([page(), page()]);
    const nonceOf = (policy: string | null) => /'nonce-([^']+)'/.exec(policy ?? "")?.[1] ?? "";
    const nonce = nonceOf(first.headers.get("content-security-policy"));
    expect(nonce).not.toBe(nonceOf(second.headers.get("content-security-policy")));
    expect(await first.text()).toContain(`<script nonce="${nonce}">`);
  });

  test("is given the demonstration's token", async () => {
    expect(await (await page()).text()).toContain("Bearer token.of.demo");
  });

  test("is for browsers, and only where it is on", async () => {
    expect((await fetch(`${server.url}/graphql`)).status).toBe(405);
    const without = await startAnother({ graphql: { graphiql: false, introspection: false, graphiqlToken: null } });
    expect((await fetch(`${without.url}/graphql`, { headers: { accept: "text/html" } })).status).toBe(405);
    const { errors } = await without.ask("{ __schema { types { name } } }");
    expect(errors.map(({ extensions }) => extensions["code"])).toEqual(["GRAPHQL_VALIDATION_FAILED"]);
    const { text } = await without.ask("{ viewer { names } }");
    expect(text).not.toContain("Did you mean");
  });
});

describe("while the database is down", () => {
  const hangUp = createServer((socket) => socket.destroy());
  let lost: Awaited<ReturnType<typeof openDatabase>>;
  beforeAll(async () => {
    await new Promise<void>((resolve) => hangUp.listen(0, "127.0.0.1", resolve));
    lost = await openDatabase(
      `postgres://nobody:secret@127.0.0.1:${(hangUp.address() as AddressInfo).port}/nothing`,
      1,
    );
  });
  afterAll(async () => {
    await lost.close();
    await new Promise((resolve) => hangUp.close(resolve));
  });

  test("questions are answered 503 with Retry-After and nothing of its address", async () => {
    const down = await startAnother({ em: lost.em });
    const response = await fetch(`${down.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${await tokenOf()}` },
      body: JSON.stringify({ query: "{ calendarConnections { totalCount } auditEvents { totalCount } }" }),
    });
    const text = await response.text();
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    const unavailable = { extensions: { code: "UNAVAILABLE" } };
    expect(JSON.parse(text)).toMatchObject({ errors: [unavailable, unavailable] });
    expect(text).not.toMatch(/127\.0\.0\.1|nobody|secret|terminated/);
  });

  test("who needs no database is answered", async () => {
    const down = await startAnother({ em: lost.em });
    expect((await down.ask("{ viewer { id } }")).data).toEqual({ viewer: { id: "42" } });
  });
});

describe("a fault of our own", () => {
  test("is masked, with an id that the log has as well", async () => {
    await server.given.connection({ id: "555" });
    const broken = await startAnother({
      runs: {
        send: () => Promise.resolve(),
        waitBehind: () => undefined,
        settled: () => Promise.reject(new Error("secret detail")),
      },
    });
    const correlationId = "0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a";
    const connection = await broken.given.connection();
    await broken.given.run(connection, { correlation_id: correlationId, status: "QUEUED" });
    const { status, text, errors } = await broken.ask(
      `{ syncRun(correlationId: "${correlationId}", waitSeconds: 1) { id } viewer { id } }`,
    );
    expect(status).toBe(200);
    expect(text).not.toContain("secret detail");
    expect(errors).toMatchObject([
      { message: "Internal server error.", extensions: { code: "INTERNAL_SERVER_ERROR" } },
    ]);
    const logged = broken.logLines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(({ level }) => level === 50);
    expect(logged).toMatchObject({
      requestId: errors[0]?.extensions["requestId"],
      err: { message: "secret detail" },
      path: "syncRun",
    });
  });
});

describe("listening", () => {
  test("on a port in use, or one of no address, says so in a line", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(startTestServer({ http: { host: "127.0.0.1", port } })).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is in use by another process`,
    );
    await expect(startTestServer({ http: { host: "192.0.2.1", port: 0 } })).rejects.toThrow(
      "HOST 192.0.2.1 is no address of this machine",
    );
    await new Promise((resolve) => other.close(resolve));
  });
});

describe("stopping", () => {
  test("answers what is in flight, refuses what comes, says that it is not ready, and closes", async () => {
    let settle: () => void = () => undefined;
    let isWaiting: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (isWaiting = resolve));
    const stopping = await startTestServer({
      runs: {
        send: () => Promise.resolve(),
        waitBehind: () => undefined,
        settled: () =>
          new Promise((resolve) => {
            settle = resolve;
            isWaiting();
          }),
      },
    });
    const correlationId = "0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a";
    await stopping.given.run(await stopping.given.connection(), { correlation_id: correlationId, status: "QUEUED" });
    const inFlight = stopping.ask(`{ syncRun(correlationId: "${correlationId}", waitSeconds: 25) { status } }`);
    await waiting;
    const stopped = stopping.stop();
    const refused = await stopping.ask("{ viewer { id } }");
    expect([refused.status, refused.errors[0]?.extensions]).toEqual([503, { code: "UNAVAILABLE" }]);
    expect((await fetch(`${stopping.url}/readyz`)).status).toBe(503);
    settle();
    expect((await inFlight).data).toEqual({ syncRun: { status: "QUEUED" } });
    await stopped;
    await expect(stopping.ask("{ viewer { id } }")).rejects.toThrow();
  });
});
