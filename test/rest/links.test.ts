import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { prefix } from "../../src/rest/routes.js";
import type { WebSettings } from "../../src/server.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { rawRequest, sendRaw } from "./raw-request.js";

let authorization: string;
beforeAll(async () => {
  authorization = `Bearer ${await tokenOf()}`;
});

let server: TestServer;
afterEach(() => server.stop());

const evil = { Host: "evil.test", "X-Forwarded-Host": "evil.test", Forwarded: "host=evil.test" };

/** The links of the root, of a page and of a run under way, by what a client says of the host. */
async function links(web: Partial<WebSettings>, headers: Record<string, string>): Promise<string[]> {
  server = await startTestServer({ web: { publicUrl: null, trustProxy: false, corsOrigins: [], ...web } });
  for (const id of ["1", "2", "3"]) await server.given.connection({ id });
  const ask = (line: string) =>
    sendRaw(server.url, rawRequest(line, { Authorization: authorization, Prefer: "respond-async", ...headers }));
  const root = JSON.parse((await ask(`GET ${prefix}`)).body) as Record<string, string>;
  const page = JSON.parse((await ask(`GET ${prefix}connections/?page_size=1&page=2`)).body) as Record<string, string>;
  const { head } = await ask(`POST ${prefix}connections/1/resync/`);
  return [
    ...Object.values(root),
    String(page["next"]),
    String(page["previous"]),
    /^location: (.*)$/im.exec(head)?.[1] ?? "",
  ];
}

function under(base: string): unknown[] {
  return [
    `${base}${prefix}connections/`,
    `${base}${prefix}sync-attempts/`,
    `${base}${prefix}connections/?page=3&page_size=1`,
    `${base}${prefix}connections/?page_size=1`,
    expect.stringMatching(new RegExp(`^${base}${prefix}sync-runs/[0-9a-f-]{36}/\r?$`)),
  ];
}

describe("links begin with", () => {
  test("where the server listens, whatever the client says", async () => {
    const found = await links({}, evil);
    expect(found).toEqual(under(server.url));
  });

  test("PUBLIC_URL and its path, whatever the client says", async () => {
    const publicUrl = "https://calendar.example.test/admin";
    expect(await links({ publicUrl, trustProxy: true }, evil)).toEqual(under(publicUrl));
  });

  test("what a trusted proxy says", async () => {
    const headers = { ...evil, "X-Forwarded-Host": "front.example.test:8443", "X-Forwarded-Proto": "https" };
    expect(await links({ trustProxy: ["loopback"] }, headers)).toEqual(under("https://front.example.test:8443"));
  });

  test("what a trusted proxy has added to what the client has said", async () => {
    const headers = { "X-Forwarded-Host": "evil.test, front.example.test", "X-Forwarded-Proto": "https, http" };
    expect(await links({ trustProxy: 1 }, headers)).toEqual(under("http://front.example.test"));
  });

  test("where the server listens, when it is asked by another than the trusted proxy", async () => {
    const found = await links({ trustProxy: ["10.0.0.0/8"] }, evil);
    expect(found).toEqual(under(server.url));
  });

  test("where the server listens, when a trusted proxy does not say the host", async () => {
    const found = await links({ trustProxy: true }, { Host: "evil.test", "X-Forwarded-Proto": "https" });
    expect(found).toEqual(under(server.url));
  });

  test.each(["evil.test/path", "a b", "user@evil.test", "evil.test?x", "javascript:alert(1)"])(
    "where the server listens, when a trusted proxy says what is no host: %s",
    async (host) => {
      const found = await links({ trustProxy: true }, { "X-Forwarded-Host": host });
      expect(found).toEqual(under(server.url));
    },
  );
});
