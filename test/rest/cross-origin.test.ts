import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { prefix } from "../../src/rest/routes.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { fetchAsDescribed } from "./openapi-answers.js";

const origin = "https://admin.example.test";
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    web: { publicUrl: null, trustProxy: false, corsOrigins: [origin, "http://localhost:3000"] },
  });
});
afterAll(() => server.stop());

const paths = [`${prefix}connections/1/resync/`, `${prefix}nothing/`, "/graphql"];

function preflight(path: string, from: string, headers: Record<string, string> = {}): Promise<Response> {
  const asked = { "access-control-request-method": "POST", "access-control-request-headers": "authorization" };
  return fetchAsDescribed(`${server.url}${path}`, {
    method: "OPTIONS",
    headers: { origin: from, ...asked, ...headers },
  });
}

describe("a preflight", () => {
  test.each(paths)("of an allowed origin is answered before anybody signs in: %s", async (path) => {
    const response = await preflight(path, origin);
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET,HEAD,POST",
      "access-control-allow-headers": "Authorization,Content-Type,Prefer,Idempotency-Key,X-Request-Id",
    });
    expect(response.headers.get("vary")).toContain("Origin");
  });

  test.each(["https://evil.test", "null", `${origin}.evil.test`, "http://admin.example.test"])(
    "of another origin gets no permission: %s",
    async (from) => {
      for (const path of paths) {
        const response = await preflight(path, from);
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
        expect(response.headers.get("vary")).toContain("Origin");
      }
    },
  );

  test("is not every OPTIONS of an allowed origin", async () => {
    const headers = { origin, authorization: `Bearer ${await tokenOf()}` };
    const url = `${server.url}${prefix}connections/`;
    expect((await fetchAsDescribed(url, { method: "OPTIONS", headers })).status).toBe(200);
    expect((await fetchAsDescribed(url, { method: "OPTIONS", headers: { origin } })).status).toBe(401);
  });
});

describe("an answer", () => {
  test("to a page of an allowed origin can be read by it, and so can its headers", async () => {
    const response = await fetchAsDescribed(`${server.url}${prefix}connections/`, { headers: { origin } });
    expect(response.status).toBe(401);
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("access-control-expose-headers")).toBe("Location,Retry-After,X-Request-Id");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  test("where no origin is allowed says nothing of origins", async () => {
    const closed = await startTestServer();
    const response = await fetchAsDescribed(`${closed.url}${prefix}connections/`, { headers: { origin } });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(response.headers.get("vary")).toBe("Accept");
    await closed.stop();
  });
});
