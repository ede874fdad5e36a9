import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { withoutParameter, withParameter } from "../../src/rest/links.js";
import { lastPage, readPage } from "../../src/rest/numbered-page.js";
import { prefix } from "../../src/rest/routes.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { fetchAsDescribed } from "./openapi-answers.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.given.counters(await server.given.connection(), { successes: 12_345 });
});
afterAll(() => server.stop());

describe("a list longer than its pages reach", () => {
  test("ends with the last page that begins within ten thousand rows", async () => {
    const list = `${server.url}${prefix}sync-attempts/`;
    const headers = { authorization: `Bearer ${await tokenOf()}` };
    const ask = async (query: string) => {
      const response = await fetchAsDescribed(`${list}?${query}`, { headers });
      return (await response.json()) as object;
    };
    expect(await ask("page=last")).toMatchObject({ count: 12_345, next: null, previous: `${list}?page=200` });
    expect(await ask("page=201")).toMatchObject({ next: null });
    expect(await ask("page=200")).toMatchObject({ next: `${list}?page=201`, previous: `${list}?page=199` });
    expect(await ask("page=202")).toEqual({ detail: "Invalid page." });
  });
});

describe("page numbers", () => {
  test.each([
    [0, 50, 1],
    [50, 50, 1],
    [51, 50, 2],
    [10_000, 50, 200],
    [10_001, 50, 201],
    [1_000_000, 50, 201],
    [1_000_000, 1, 10_001],
    [1_000_000, 3, 3334],
  ])("of %i rows at %i a page end with %i", (count, size, last) => {
    expect(lastPage(count, size)).toBe(last);
    const page = new Map(Object.entries({ page: String(last), page_size: String(size) }));
    expect(readPage(page, 50)).toEqual({ number: last, size });
  });
});

describe("links", () => {
  const url = "https://host/list/?b=2&a=1&a=0&page=3&c=%C3%A9+%2B~*";

  test("sort their parameters by name, keep repeated ones in order, and quote as Python does", () => {
    expect(withParameter(url, "page", "4")).toBe("https://host/list/?a=1&a=0&b=2&c=%C3%A9+%2B~%2A&page=4");
  });

  test("to the first page have no number, and no question mark where nothing is left", () => {
    expect(withoutParameter(url, "page")).toBe("https://host/list/?a=1&a=0&b=2&c=%C3%A9+%2B~%2A");
    expect(withoutParameter("https://host/list/?page=2&page=2", "page")).toBe("https://host/list/");
  });
});
