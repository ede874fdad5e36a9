import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Validator } from "@seriousme/openapi-schema-validator";
import { openApiDocument, printedOpenApi } from "../../src/rest/openapi.js";
import { prefix, routes } from "../../src/rest/routes.js";
import type { committedOpenApi } from "./openapi-answers.js";
import { faultsOfAnswer, faultsOfValue, pointerPart } from "./openapi-answers.js";

type Node = Readonly<Record<string, unknown>>;

const document = openApiDocument({ prefix, routes });
const described = JSON.parse(JSON.stringify(document)) as typeof committedOpenApi & Node;

/** Every schema below a node, with its place. */
function schemasBelow(node: unknown, place: string): [string, Node][] {
  if (typeof node !== "object" || node === null) return [];
  const own: [string, Node][] = "type" in node || "anyOf" in node ? [[place, node]] : [];
  const below = Object.entries(node).filter(([key]) => key !== "examples" && key !== "example");
  return [...own, ...below.flatMap(([key, one]) => schemasBelow(one, `${place}/${pointerPart(key)}`))];
}

function answerPlaces(): [string, unknown][] {
  const { responses, schemas } = described.components;
  const ofPaths = Object.entries(described.paths).flatMap(([path, item]) =>
    ["get", "post", "options"].map((method): [string, unknown] => [
      `/paths/${pointerPart(path)}/${method}/responses`,
      item[method]?.responses ?? {},
    ]),
  );
  return [...ofPaths, ["/components/responses", responses], ["/components/schemas", schemas]];
}

describe("the OpenAPI document", () => {
  test("is committed as the table of routes has it: npm run schema writes it", () => {
    const file = new URL("../../schema/openapi.json", import.meta.url);
    expect(readFileSync(file, "utf8")).toBe(printedOpenApi({ prefix, routes }));
  });

  test("is valid OpenAPI 3.1", async () => {
    expect(await new Validator().validate(described)).toEqual({ valid: true });
  });

  test("would not be valid with an unknown key, or a reference that leads nowhere", async () => {
    const unknownKey = structuredClone(described);
    Object.assign(unknownKey.paths["/api/calendar/admin/"] ?? {}, { fetch: {} });
    expect(await new Validator().validate(unknownKey)).toMatchObject({ valid: false });
    const nowhere = JSON.parse(
      JSON.stringify(described).replaceAll("#/components/responses/NotFound", "#/components/responses/Lost"),
    ) as Node;
    expect(await new Validator().validate(nowhere)).toMatchObject({ valid: false });
  });

  test("has every route of the table with every status that its row declares", () => {
    const declared = routes.map(({ method, path, answers }) => [`${method} ${prefix}${path}`, Object.keys(answers)]);
    const found = routes.map(({ method, path }) => [
      `${method} ${prefix}${path}`,
      Object.keys(described.paths[`${prefix}${path}`]?.[method.toLowerCase()]?.responses ?? {}),
    ]);
    expect(found).toEqual(declared);
  });

  test("knows every status of the tables of errors", () => {
    const actions = routes.filter(({ isAction }) => isAction).map(({ answers }) => Object.keys(answers).map(Number));
    const all = [200, 400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 424, 429, 500, 503];
    expect(actions).toEqual(actions.map(() => all));
  });

  test("gives each operation a name of its own, that of the GraphQL operation where it runs one", () => {
    const ids = Object.values(described.paths).flatMap((item) =>
      Object.values(item).flatMap((operation) => ("operationId" in operation ? [operation.operationId] : [])),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        "resyncConnection",
        "resyncAppointment",
        "replayAttempt",
        "syncStatus",
        "failedAttempts",
      ]),
    );
  });

  test("admits no other key in any object of an answer, but in the description of itself", () => {
    const objects = answerPlaces()
      .flatMap(([place, node]) => schemasBelow(node, place))
      .filter(([, { type }]) => type === "object");
    const open = objects.filter(([, { additionalProperties }]) => additionalProperties !== false);
    expect(objects.length).toBeGreaterThan(20);
    expect(open.map(([place]) => place).filter((place) => !place.includes("openapi.json"))).toEqual([]);
  });
});

describe("the examples of the OpenAPI document", () => {
  const schemas = answerPlaces().flatMap(([place, node]) => schemasBelow(node, place));
  const withExamples = schemas.filter(([, { examples }]) => Array.isArray(examples));

  test("are there for every answer of a route's own", () => {
    const bare = routes.flatMap(({ method, path, answers }) =>
      [200, 424]
        .filter((status) => answers[status] && answers[status].meta()?.["examples"] === undefined)
        .map(() => `${method} ${path}`),
    );
    expect(bare).toEqual(["GET openapi.json"]);
  });

  test.each(withExamples)("are as described at %s", (place, { examples }) => {
    for (const example of examples as unknown[]) expect(faultsOfValue(place, example)).toEqual([]);
  });

  test.each(withExamples)("would not be with another key at %s", (place, { examples }) => {
    for (const example of examples as object[]) {
      expect(faultsOfValue(place, { ...example, surprise: 1 })).toContain(" must NOT have additional properties");
    }
  });

  test.each(Object.entries(described.components.responses))("of %s are its form's", (name, { content }) => {
    const { examples = {} } = content["application/json"] as { examples?: Record<string, { value: unknown }> };
    for (const { value } of Object.values(examples)) {
      const place = `/components/responses/${name}/content/application~1json/schema`;
      expect(faultsOfValue(place, value)).toEqual([]);
    }
    expect(Object.keys(examples).length).toBeGreaterThan(0);
  });
});

test("every test of these routes fetches as described", () => {
  const folder = new URL("./", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "openapi-answers.ts");
  const bare = files.filter((name) => /(^|[^\w.])fetch\(/m.test(readFileSync(new URL(name, folder), "utf8")));
  expect(bare).toEqual([]);
});

describe("an answer is not as described", () => {
  const path = `${prefix}connections/123/sync-status/`;
  const headers = new Headers({ allow: "GET, HEAD, OPTIONS", "x-request-id": "1", "content-type": "application/json" });
  const [example] = routes.find(({ name }) => name === "Sync status")?.answers[200]?.meta()?.["examples"] as object[];
  const good = { method: "GET", path, status: 200, headers, text: JSON.stringify(example) };
  const text = (change: object) => JSON.stringify({ ...example, ...change });

  test("only where it differs", () => {
    expect(faultsOfAnswer(good)).toEqual([]);
    expect(faultsOfAnswer({ ...good, path: `${prefix}connections/123/sync-status.json?x=1` })).toEqual([]);
    expect(faultsOfAnswer({ ...good, method: "HEAD", text: "" })).toEqual([]);
  });

  test.each([
    ["with a key too many", { text: text({ surprise: 1 }) }],
    ["with a key too few", { text: text({ status: undefined }) }],
    ["with a status word that nobody knows", { text: text({ status: "asleep" }) }],
    ["with a time that has no Z", { text: text({ last_sync_at: "2025-12-30T10:30:00+00:00" }) }],
    ["with a fraction of zero", { text: text({ last_sync_at: "2025-12-30T10:30:00.000Z" }) }],
    ["with an id as a text", { text: text({ connection_id: "123" }) }],
    ["with a status that the route does not have", { status: 418 }],
    ["with success for a method that the route does not have", { method: "DELETE" }],
    ["without the header Allow", { headers: new Headers({ "x-request-id": "1", "content-type": "application/json" }) }],
    ["that is no JSON", { headers: new Headers({ allow: "GET", "x-request-id": "1", "content-type": "text/html" }) }],
    ["with a body for HEAD", { method: "HEAD" }],
    ["at a path that nobody knows", { path: `${prefix}connection/123/` }],
  ])("%s", (_name, change) => {
    expect(faultsOfAnswer({ ...good, ...change })).not.toEqual([]);
  });
});
