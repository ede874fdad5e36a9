import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { prefix } from "../../src/rest/routes.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { fetchAsDescribed } from "./openapi-answers.js";
import { rawRequest, sendRaw, type RawAnswer } from "./raw-request.js";

let server: TestServer;
let authorization: string;
beforeAll(async () => {
  server = await startTestServer();
  await server.given.connection({ id: "123" });
  authorization = `Bearer ${await tokenOf()}`;
});
afterAll(() => server.stop());

/** Never a fault of ours, never HTML, nothing of what the server is made of. */
function expectSane({ status, head, body }: RawAnswer): void {
  expect(status ?? 400).toBeLessThan(500);
  expect(`${head}${body}`).not.toMatch(/<html|<!doctype|<pre>|node_modules|\.js:\d+|set-cookie/i);
  if (body !== "") expect(head).toMatch(/^content-type: application\/json(; charset=utf-8)?\r?$/im);
}

function resync(
  body: Buffer | string,
  headers: Record<string, string> = {},
  options: { hangsUp?: boolean } = {},
): Promise<RawAnswer> {
  const length = { "Content-Length": String(Buffer.byteLength(body)), "Content-Type": "application/json" };
  const request = rawRequest(
    `POST ${prefix}connections/123/resync/`,
    { Authorization: authorization, Prefer: "respond-async", ...length, ...headers },
    body,
  );
  return sendRaw(server.url, request, options);
}

function get(target: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return sendRaw(server.url, rawRequest(`GET ${target}`, { Authorization: authorization, ...headers }));
}

describe("a body", () => {
  const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
  const form = "multipart/form-data; boundary=xx";
  const part = '--xx\r\nContent-Disposition: form-data; name="start_date"\r\n\r\n2026';

  test.each<[name: string, body: Buffer | string, headers: Record<string, string>, status: number]>([
    ["that is no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), {}, 400],
    ["that begins with a byte order mark", "\ufeff{}", {}, 400],
    ["in UTF-16", Buffer.from("{}", "utf16le"), {}, 400],
    ["of brackets within brackets", deep("[", "]", 50_000), {}, 400],
    ["of braces within braces", '{"a":'.repeat(15_000) + "1" + "}".repeat(15_000), {}, 400],
    ["of open brackets", "[".repeat(100_000), {}, 400],
    ["of a megabyte", `{"start_date":"${"9".repeat(1_000_000)}"}`, {}, 413],
    [
      "of a megabyte of a form",
      `start_date=${"%39".repeat(340_000)}`,
      { "Content-Type": "application/x-www-form-urlencoded" },
      413,
    ],
    ["that is a megabyte once it is unpacked", gzipSync(" ".repeat(1_000_000)), { "Content-Encoding": "gzip" }, 413],
    ["that is packed and cut off", gzipSync("{}").subarray(0, 12), { "Content-Encoding": "gzip" }, 400],
    ["that is packed unknown", "{}", { "Content-Encoding": "zip" }, 415],
    ["with a number beyond all numbers", '{"start_date":1e999}', {}, 400],
    ["with a text of a lone surrogate", '{"start_date":"\\ud800"}', {}, 400],
    ["of a multipart form without a boundary", part, { "Content-Type": "multipart/form-data" }, 400],
    ["of a multipart form that ends early", part, { "Content-Type": form }, 400],
    ["of a multipart form that is none", "nonsense", { "Content-Type": form }, 400],
    ["of a broken type", "{}", { "Content-Type": ";;;=" }, 415],
    ["of no type", "{}", { "Content-Type": "" }, 415],
    [
      "of a form with a date that is none",
      "start_date=%ff%00",
      { "Content-Type": "application/x-www-form-urlencoded" },
      400,
    ],
  ])("%s", async (_name, body, headers, status) => {
    const answer = await resync(body, headers);
    expectSane(answer);
    expect(answer.status).toBe(status);
  });

  test.each([
    ["of ten thousand fields", `${"a=1&".repeat(10_000)}b=2`],
    ["of fields with names of objects' own", "__proto__=1&constructor=2&toString=3"],
  ])("%s is read", async (_name, body) => {
    expect(await resync(body, { "Content-Type": "application/x-www-form-urlencoded" })).toMatchObject({ status: 200 });
  });

  test("shorter than it says is no request that is begun", async () => {
    const before = await runs();
    expectSane(await resync('{"start_date"', { "Content-Length": "500" }, { hangsUp: true }));
    expect(await runs()).toBe(before);
  });

  test("longer than it says is cut, and the rest is no request", async () => {
    expectSane(await resync('{"start_date":null}', { "Content-Length": "2" }));
  });

  test("in broken chunks is refused", async () => {
    const headers = { "Transfer-Encoding": "chunked", Authorization: authorization };
    expectSane(await sendRaw(server.url, rawRequest(`POST ${prefix}connections/123/resync/`, headers, "zz\r\n{}\r\n")));
  });

  async function runs(): Promise<number> {
    return (await server.given.sql("select id from sync_run")).length;
  }
});

describe("a path", () => {
  test.each([
    "connections/%/",
    "connections/%ff/",
    "connections/%00/sync-status",
    "connections/1%2f..%2f2/",
    "connections/../connections/",
    "connections/%2e%2e/",
    "connections/123;x=1/",
    "connections/1e2/",
    "connections/%D9%A3/",
    `connections/${"9".repeat(5000)}/`,
    "connections/123%0d%0aSet-Cookie:%20a=b/",
    "%2e%2e/graphql",
    ".json.json",
    "connections.json/123",
    "connections/123.JSON",
  ])("that leads nowhere is not found: %.40s", async (path) => {
    const answer = await get(`${prefix}${path}`);
    expectSane(answer);
    expect([answer.status, answer.body]).toEqual([404, '{"detail":"Not found."}']);
  });

  test.each([
    "http://[bad/",
    "http://evil.test/api/calendar/admin/",
    "//evil.test//",
    "*",
    "/api/calendar/admin/#x",
    "/%",
  ])("of another form does no harm: %s", async (target) => {
    expectSane(await get(target));
    expectSane(await sendRaw(server.url, rawRequest(`OPTIONS ${target}`)));
  });

  test("in capitals is another one", async () => {
    expect((await get(prefix.toUpperCase())).body).toContain('"code":"NOT_FOUND"');
    expect((await get(`${prefix}Connections/`)).status).toBe(404);
  });
});

describe("a query", () => {
  test("of hundreds of parameters is kept in the links", async () => {
    for (const id of ["1", "2"]) await server.given.connection({ id });
    const many = Array.from({ length: 500 }, (_, index) => `p${String(index).padStart(3, "0")}=${index}`).join("&");
    const response = await fetchAsDescribed(`${server.url}${prefix}connections/?page_size=1&${many}`, {
      headers: { authorization },
    });
    const { next } = (await response.json()) as { next: string };
    expect(next).toBe(`${server.url}${prefix}connections/?${many}&page=2&page_size=1`);
  });

  test.each([
    ["page=%ff", 404],
    ["page=-1", 404],
    ["page=1.0", 404],
    ["page=99999999999999999999999", 404],
    ["page=0x1", 404],
    ["page=1&page=0", 404],
    ["page[]=2", 200],
    ["page=+1", 200],
    ["page_size=1e2", 400],
    ["page_size=", 400],
    ["page_size=999999999999999999999", 400],
    ["page_size=9&page_size=-5", 400],
    ["%=%&&&=&page", 200],
    ["format=json&format=xml", 404],
    ["include_exhausted=%00", 200],
    ["__proto__[page]=2", 200],
  ])("%s", async (query, status) => {
    const answer = await get(`${prefix}sync-attempts/failed/?${query}`);
    expectSane(answer);
    expect(answer.status).toBe(status);
  });

  test("with a line break in it breaks no header", async () => {
    const answer = await get(`${prefix}connections/?page_size=1&x=%0d%0aSet-Cookie:a`);
    expectSane({ ...answer, body: "" });
    expect(answer.status).toBe(200);
  });
});

describe("headers", () => {
  test.each<Record<string, string>>([
    { Authorization: `Bearer ${"A".repeat(100_000)}` },
    { Authorization: "Bearer \t" },
    { Authorization: "\u00ff\u00fe" },
    { Accept: ",;,=" },
    { Accept: "" },
    { Accept: "application/json;q=".padEnd(20_000, "0") },
    { "X-Request-Id": "<script>" },
    { "X-Forwarded-Host": "evil.test" },
  ])("%.60j are answered", async (headers) => {
    expectSane(await get(`${prefix}connections/`, headers));
  });

  test.each<Record<string, string>>([
    { "Idempotency-Key": "" },
    { "Idempotency-Key": "x".repeat(256) },
    { "Idempotency-Key": "\u00e9" },
  ])("%.60j are refused", async (headers) => {
    const answer = await resync("{}", headers);
    expectSane(answer);
    expect(answer.status).toBe(400);
  });

  test.each<Record<string, string>>([{ Prefer: ";,=" }, { Prefer: "x".repeat(10_000) }])(
    "%.60j are left alone",
    async (headers) => {
      const answer = await resync("{}", headers);
      expect([answer.status, /preference-applied/i.test(answer.head)]).toEqual([200, false]);
    },
  );
});

test("whatever the bytes of a body are, the answer is sane", async () => {
  const types = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/x"];
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...types), async (bytes, type) => {
      expectSane(await resync(Buffer.from(bytes), { "Content-Type": type }));
    }),
    { numRuns: 100 },
  );
});
