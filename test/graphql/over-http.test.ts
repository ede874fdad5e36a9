import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { serverAudits } from "graphql-http";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startTestServer();
  token = await tokenOf();
});
afterAll(() => server.stop());

/** As a signed-in client asks: nobody else is answered. */
const signedIn: typeof fetch = (url, options) => {
  const headers = new Headers(options?.headers);
  headers.set("authorization", `Bearer ${token}`);
  return fetch(url, { ...options, headers });
};

const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn: signedIn });

/** What the specification leaves open, and we do otherwise. Everything else holds, and no audit that must hold is among them. */
const otherwise: Readonly<Record<string, "notice" | "warn">> = {
  // Operations are posted, so that no page of another origin can ask for one by a link.
  "MAY accept application/x-www-form-urlencoded formatted GET requests": "notice",
  "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json":
    "notice",
  "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json": "notice",
  // A document that is refused before it is executed is answered with 400, whatever the client accepts.
  "SHOULD use 200 status code on document parsing failure when accepting application/json": "warn",
  "SHOULD use 200 status code on document validation failure when accepting application/json": "warn",
  "SHOULD use a status code of 200 on variable coercion failure when accepting application/json": "warn",
};

/** The specification of GraphQL over HTTP, as the reference library audits it: what must hold, and what should. */
describe("GraphQL over HTTP", () => {
  test("is audited whole", () => {
    expect(audits).toHaveLength(61);
  });

  test.each(audits)("$name", async ({ name, fn }) => {
    expect(await fn()).toMatchObject({ status: otherwise[name] ?? "ok" });
  });

  test("is not passed by a server whose answers are of another kind", async () => {
    const asText: typeof fetch = async (url, options) => {
      const { body, status } = await signedIn(url, options);
      return new Response(body, { status, headers: { "content-type": "text/html" } });
    };
    const audited = serverAudits({ url: () => `${server.url}/graphql`, fetchFn: asText });
    const statuses = await Promise.all(audited.map(async ({ fn }) => (await fn()).status));
    expect(statuses).toContain("error");
  });
});
