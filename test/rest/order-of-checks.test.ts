import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { prefix } from "../../src/rest/routes.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { fetchAsDescribed } from "./openapi-answers.js";

let server: TestServer;
let used: TestServer;
let manager: string;
let staff: string;
beforeAll(async () => {
  server = await startTestServer();
  used = await startTestServer({ mutationLimit: new MutationLimit({ mutations: 0, windowSeconds: 60 }) });
  for (const { given } of [server, used]) await given.connection({ id: "123" });
  manager = await tokenOf();
  staff = await tokenOf({ role: "staff" });
});
afterAll(async () => {
  await server.stop();
  await used.stop();
});

/** What may be wrong with a resync, in the order in which it is looked at, and the status it is answered with. */
const faults = {
  route: 404,
  accept: 406,
  token: 401,
  role: 403,
  limit: 429,
  method: 405,
  object: 404,
  large: 413,
  type: 415,
  json: 400,
} as const;
type Fault = keyof typeof faults;
const order = Object.keys(faults) as Fault[];

async function resyncWith(wrong: ReadonlySet<Fault>): Promise<Response> {
  const { url } = wrong.has("limit") ? used : server;
  const id = wrong.has("object") ? "99999" : "123";
  const body = `${wrong.has("json") ? "{" : "{}"}${" ".repeat(wrong.has("large") ? 200_000 : 0)}`;
  const headers = {
    accept: wrong.has("accept") ? "text/html" : "*/*",
    "content-type": wrong.has("type") ? "text/plain" : "application/json",
    prefer: "respond-async",
    ...(wrong.has("token") ? {} : { authorization: `Bearer ${wrong.has("role") ? staff : manager}` }),
  };
  const path = wrong.has("route") ? "connections/123/nothing/" : `connections/${id}/resync/`;
  return fetchAsDescribed(`${url}${prefix}${path}`, { method: wrong.has("method") ? "PUT" : "POST", headers, body });
}

/** Without the time that is left, which runs. */
async function told(response: Response): Promise<string> {
  return (await response.text()).replace(/\d+ seconds/, "some seconds");
}

const single = order.map((fault) => [fault] as const);
const pairs = order.flatMap((first, index) => order.slice(index + 1).map((second) => [first, second] as const));

test.each(single)("a wrong %s alone has its own answer", async (fault) => {
  expect((await resyncWith(new Set([fault]))).status).toBe(faults[fault]);
});

test.each(pairs)("a wrong %s is told before a wrong %s", async (first, second) => {
  const response = await resyncWith(new Set([first, second]));
  const alone = await resyncWith(new Set([first]));
  expect([response.status, await told(response)]).toEqual([alone.status, await told(alone)]);
});

test("nothing wrong is a resync", async () => {
  expect((await resyncWith(new Set())).status).toBe(200);
});
