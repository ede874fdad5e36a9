import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { AppError } from "../../src/errors.js";
import { openDatabase } from "../../src/database/orm.js";
import { prefix, routes } from "../../src/rest/routes.js";
import type { ServerParts } from "../../src/server.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { fetchAsDescribed } from "./openapi-answers.js";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(parts: Partial<ServerParts>): Promise<TestServer> {
  const server = await startTestServer(parts);
  cleanUps.push(() => server.stop());
  return server;
}

async function ask({ url }: { url: string }, path: string, method = "GET", init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${await tokenOf()}` };
  return fetchAsDescribed(`${url}${prefix}${path}`, { method, headers, ...init });
}

/** A login of a server that hangs up. */
async function lostDatabase() {
  const hangUp = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => hangUp.listen(0, "127.0.0.1", resolve));
  const { port } = hangUp.address() as AddressInfo;
  const database = await openDatabase(`postgres://nobody:secret@127.0.0.1:${port}/nothing`, 1);
  cleanUps.push(
    () => database.close(),
    () => new Promise((resolve) => hangUp.close(resolve)),
  );
  return database;
}

test("while the database is down every route that needs it says 503, and nothing of its address", async () => {
  const { em } = await lostDatabase();
  const down = await start({ em });
  for (const { method, path, document } of routes) {
    const asked = path.replace("{id}", "1").replace("{correlation_id}", "0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a");
    const response = await ask(down, asked, method);
    const text = await response.text();
    expect({ path, status: response.status }).toEqual({ path, status: document === null ? 200 : 503 });
    if (document === null) continue;
    expect(text).toBe('{"detail":"Service temporarily unavailable."}');
    expect(response.headers.get("retry-after")).toBe("2");
  }
});

test("a bad body while the database is down is 503 as well: nobody knows whether there is such an object", async () => {
  const { em } = await lostDatabase();
  const down = await start({ em });
  expect((await ask(down, "connections/1/resync/", "POST", { body: "{" })).status).toBe(503);
});

test("while tokens cannot be verified the answer is 503, before anything is read", async () => {
  const verifyToken = () => Promise.reject(new AppError("UNAVAILABLE", "The key set at 10.0.0.1 cannot be fetched"));
  const response = await ask(await start({ verifyToken }), "connections/");
  expect([response.status, await response.text()]).toEqual([503, '{"detail":"Service temporarily unavailable."}']);
});

test.each([
  [
    "in an operation",
    {
      runs: {
        send: () => Promise.resolve(),
        waitBehind: () => undefined,
        settled: () => Promise.reject(new Error("secret")),
      },
    },
  ],
  ["before it", { verifyToken: () => Promise.reject(new Error("secret")) }],
])("a fault of our own %s is masked, with an id that the log has as well", async (_name, parts) => {
  const broken = await start(parts);
  await broken.given.connection({ id: "1" });
  const response = await ask(broken, "connections/1/resync/", "POST");
  const requestId = response.headers.get("x-request-id");
  expect([response.status, await response.json()]).toEqual([
    500,
    { detail: "A server error occurred.", request_id: requestId },
  ]);
  const logged = broken.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged.find(({ level }) => level === 50)).toMatchObject({ requestId, err: { message: "secret" } });
});

test("while the server stops, what is in flight is answered and the rest is refused", async () => {
  let settle: () => void = () => undefined;
  let isWaiting: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (isWaiting = resolve));
  const settled = () =>
    new Promise<void>((resolve) => {
      settle = resolve;
      isWaiting();
    });
  const stopping = await startTestServer({
    runs: { send: () => Promise.resolve(), waitBehind: () => undefined, settled },
  });
  await stopping.given.connection({ id: "1" });
  const inFlight = ask(stopping, "connections/1/resync/", "POST");
  await waiting;
  const stopped = stopping.stop();
  const refused = await ask(stopping, "connections/");
  expect([refused.status, await refused.text()]).toEqual([503, '{"detail":"Service temporarily unavailable."}']);
  expect(refused.headers.get("retry-after")).toBe("2");
  settle();
  expect(await (await inFlight).json()).toMatchObject({ result: { status: "running" } });
  await stopped;
});

test("a request has its line in the log, with the operation that it ran and the codes it was refused with", async () => {
  const server = await start({});
  const get = async (path: string) => {
    const response = await ask(server, path);
    await response.text();
    const requestId = response.headers.get("x-request-id");
    const lines = server.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    return lines.find((line) => line["msg"] === "request" && line["requestId"] === requestId);
  };
  expect(await get("connections/")).toMatchObject({
    operation: "CalendarConnections",
    status: 200,
    firmId: "1",
    userId: "42",
    path: `${prefix}connections/`,
  });
  expect(await get("connections/1/")).toMatchObject({
    operation: "CalendarConnection",
    status: 404,
    codes: ["NOT_FOUND"],
  });
  expect(await get("connections/?page=0")).toMatchObject({ status: 404, codes: ["NOT_FOUND"] });
});
