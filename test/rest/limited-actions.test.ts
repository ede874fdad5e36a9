import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { prefix } from "../../src/rest/routes.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { fetchAsDescribed } from "./openapi-answers.js";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ mutationLimit: new MutationLimit({ mutations: 3, windowSeconds: 60 }) });
  await server.given.connection({ id: "1" });
});
afterEach(() => server.stop());

async function ask(method: string, path: string, userId = "42"): Promise<Response> {
  const headers = { authorization: `Bearer ${await tokenOf({ userId })}` };
  return fetchAsDescribed(`${server.url}${prefix}${path}`, { method, headers });
}

const resync = "connections/1/resync/";

test("each request of an action counts once, a wrong method and OPTIONS too; then it is refused and says for how long", async () => {
  expect((await ask("POST", resync)).status).toBe(200);
  expect((await ask("DELETE", resync)).status).toBe(405);
  expect((await ask("OPTIONS", "connections/99999/resync/")).status).toBe(200);
  const refused = await ask("POST", resync);
  const seconds = Number(refused.headers.get("retry-after"));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect([refused.status, await refused.json()]).toEqual([
    429,
    { detail: `Request was throttled. Expected available in ${seconds} seconds.` },
  ]);
});

test("the limit is each user's own, for REST and GraphQL together", async () => {
  for (let count = 0; count < 3; count += 1) expect((await ask("POST", resync)).status).toBe(200);
  const { errors } = await server.ask("mutation { resyncConnection(connectionId: 1) { message } }");
  expect(errors.map(({ extensions }) => extensions["code"])).toEqual(["RATE_LIMITED"]);
  expect((await ask("POST", resync, "43")).status).toBe(200);
});

test("reads count nothing", async () => {
  for (let count = 0; count < 5; count += 1) expect((await ask("GET", "connections/")).status).toBe(200);
  expect((await ask("POST", resync)).status).toBe(200);
});
