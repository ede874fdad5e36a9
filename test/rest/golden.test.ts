import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { graphqlErrors } from "../../src/rest/graphql-errors.js";
import { refusals } from "../../src/rest/refusals.js";
import { findResource, resourcesOf, routeOf } from "../../src/rest/resources.js";
import { prefix, routes } from "../../src/rest/routes.js";
import { fits, goldenCases, namesInText, withNames, withPlaceholders, type GoldenCase } from "./golden-case.js";
import { fetchAsDescribed } from "./openapi-answers.js";
import { startRestWorld, type RestWorld } from "./world.js";

let world: RestWorld;
beforeAll(async () => {
  world = await startRestWorld();
});
afterAll(() => world.stop());

const resources = resourcesOf(routes);

function routeOfCase({ path, method = "GET" }: GoldenCase) {
  const found = findResource(resources, path.split("?")[0] ?? "");
  return found ? routeOf(found.resource, method) : null;
}

async function ask(golden: GoldenCase, path: string): Promise<Response> {
  const { as = "manager", method = "GET", headers = {}, body } = golden;
  const token = as === null ? undefined : world.tokens.get(as);
  const isJson = body !== undefined && typeof body !== "string";
  return fetchAsDescribed(`${world.app.url}${prefix}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(isJson ? { "content-type": "application/json" } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
  });
}

async function assertAnswer(golden: GoldenCase, path: string): Promise<void> {
  const response = await ask(golden, path);
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status: golden.status });
  assertBody(golden, text);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("x-request-id")).toMatch(/./);
  const urls = new Map([...world.names, ["url", world.app.url]]);
  for (const [name, value] of Object.entries(golden.sends ?? {})) {
    const sent = response.headers.get(name);
    const wanted = withNames(value, urls);
    expect(sent !== null && typeof wanted === "string" && fits(sent, wanted) ? wanted : sent).toBe(wanted);
  }
}

function assertBody(golden: GoldenCase, text: string): void {
  if (typeof golden.answer === "string") {
    expect(text).toBe(golden.answer);
    return;
  }
  const expected = withNames(golden.answer, new Map([...world.names, ["url", world.app.url]]));
  const actual: unknown = JSON.parse(text);
  expect(JSON.stringify(withPlaceholders(actual, expected))).toBe(JSON.stringify(expected));
  expect(text).toBe(JSON.stringify(actual));
  const schema = routeOfCase(golden)?.answers[golden.status];
  if (schema) expect(schema.safeParse(actual).error).toBeUndefined();
}

describe("the recorded answers", () => {
  test.each(goldenCases.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    const path = namesInText(golden.path, world.names);
    await assertAnswer(golden, path);
    const withoutSlash = path.replace(/\/(\?|$)/, "$1");
    if (golden.once !== true && withoutSlash !== path) await assertAnswer(golden, withoutSlash);
  });
});

describe("the recorded cases", () => {
  test("are at least eighty, each under its own name", () => {
    expect(goldenCases.length).toBeGreaterThanOrEqual(80);
    expect(new Set(goldenCases.map(({ name }) => name)).size).toBe(goldenCases.length);
  });

  test("show every route answering 200, and every action failing at the provider", () => {
    const shown = new Set(
      goldenCases.map((golden) => `${golden.status} ${golden.method ?? "GET"} ${routeOfCase(golden)?.path ?? ""}`),
    );
    const others = routes.filter(({ path }) => path !== "openapi.json"); // openapi-served.test.ts shows it whole
    const needed = others.flatMap(({ method, path, isAction }) =>
      [200, ...(isAction ? [424] : [])].map((status) => `${status} ${method} ${path}`),
    );
    expect(needed.filter((one) => !shown.has(one))).toEqual([]);
  });

  test("have only statuses that their route declares", () => {
    const undeclared = goldenCases.filter((golden) => {
      const route = routeOfCase(golden);
      return route !== null && route.answers[golden.status] === undefined;
    });
    expect(undeclared.map(({ name }) => name)).toEqual([]);
  });

  test("show every row of the tables of errors that a request can reach", () => {
    const covered = new Set(goldenCases.flatMap(({ covers = [] }) => covers));
    const rows = [...Object.keys(graphqlErrors), ...Object.keys(refusals)];
    expect(rows.filter((row) => !covered.has(row) && !shownElsewhere.has(row))).toEqual([]);
  });
});

/** Rows that need a large body, a broken server or two requests at a time, or that an earlier check stands before. */
const shownElsewhere = new Set([
  "bodyTooLarge",
  "FORBIDDEN",
  "BAD_USER_INPUT",
  "CONFLICT IDEMPOTENCY_KEY_IN_FLIGHT",
  "CONFLICT PUSH_ACTIVE",
  "UNAVAILABLE",
  "INTERNAL_SERVER_ERROR",
]);
