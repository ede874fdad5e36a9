import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { buildSchema, type GraphQLObjectType } from "graphql";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { everythingOfFirm2, foreign, foreignText, givenTwoFirms, missing, type Ids } from "./foreign-world.js";
import { restQuestions, type RestQuestion } from "./rest-questions.js";
import { schemaQuestions, type SchemaQuestion } from "./schema-questions.js";

const schema = buildSchema(readFileSync(new URL("../../schema/schema.graphql", import.meta.url), "utf8"));
const questions = schemaQuestions(schema, { own: "1", missing: missing.connection });
const requests = restQuestions(missing.connection);
const kinds = Object.keys(foreign) as (keyof Ids)[];

let server: TestServer;
let tokens: Record<"firm 1" | "firm 2", string>;
let before: string;

beforeAll(async () => {
  server = await startTestServer({ mutationLimit: new MutationLimit({ mutations: 100_000, windowSeconds: 60 }) });
  await givenTwoFirms(server.given);
  tokens = { "firm 1": await tokenOf({ firmId: "1" }), "firm 2": await tokenOf({ firmId: "2" }) };
  before = await everythingOfFirm2(server.given);
});
afterAll(() => server.stop());

type Asker = keyof typeof tokens;

/** Status and bytes of the answer, whatever request id it bears. */
async function ask(path: string, init: RequestInit, asker: Asker): Promise<string> {
  const headers = { authorization: `Bearer ${tokens[asker]}`, "content-type": "application/json" };
  const response = await fetch(`${server.url}${path}`, { ...init, headers });
  return `${response.status} ${await response.text()}`;
}

function askSchema({ document, variables }: SchemaQuestion, id: string, asker: Asker): Promise<string> {
  const body = JSON.stringify({ query: document, variables: variables(id) });
  return ask("/graphql", { method: "POST", body }, asker);
}

function askRoute({ method, path, body }: RestQuestion, id: string, asker: Asker): Promise<string> {
  const fields = body(id);
  return ask(path(id), { method, ...(fields && { body: JSON.stringify(fields) }) }, asker);
}

/** A list's links repeat what was asked. */
function withoutAsked(text: string, id: string): string {
  return text.replaceAll(encodeURIComponent(id), "ID");
}

describe("another firm's id answers byte for byte as a missing one", () => {
  test.each(questions)("in $name", async (question) => {
    for (const kind of kinds) {
      const theirs = await askSchema(question, foreign[kind], "firm 1");
      expect(theirs).not.toMatch(foreignText);
      expect(theirs).toBe(await askSchema(question, missing[kind], "firm 1"));
    }
  });

  test.each(requests)("in $name", async (question) => {
    for (const kind of kinds) {
      const theirs = withoutAsked(await askRoute(question, foreign[kind], "firm 1"), foreign[kind]);
      expect(theirs).not.toMatch(foreignText);
      expect(theirs).toBe(withoutAsked(await askRoute(question, missing[kind], "firm 1"), missing[kind]));
    }
  });

  test("and nothing of the other firm has been changed or audited by all that", async () => {
    expect(await everythingOfFirm2(server.given)).toBe(before);
  });
});

describe("for the firm itself", () => {
  /** Taken as they are: what they name is not looked up. */
  const notLookedUp = ["connectCalendar(ownerId)"];

  test.each(questions.filter(({ isId, name }) => isId && !notLookedUp.includes(name)))(
    "$name finds something, so that the comparison above means something",
    async (question) => {
      const answers = await Promise.all(
        kinds.map(async (kind) => [
          await askSchema(question, foreign[kind], "firm 2"),
          await askSchema(question, missing[kind], "firm 2"),
        ]),
      );
      expect(answers.some(([found, none]) => found !== none)).toBe(true);
    },
  );

  test.each(requests.filter(({ name }) => name.includes("{")).filter(({ name }) => name.endsWith("id)")))(
    "$name finds something",
    async (question) => {
      const answers = await Promise.all(
        kinds.map(async (kind) => [
          withoutAsked(await askRoute(question, foreign[kind], "firm 2"), foreign[kind]),
          withoutAsked(await askRoute(question, missing[kind], "firm 2"), missing[kind]),
        ]),
      );
      expect(answers.some(([found, none]) => found !== none)).toBe(true);
    },
  );
});

test("every root field that takes an argument of the kind is asked", () => {
  const fields = [schema.getQueryType(), schema.getMutationType()]
    .flatMap((type) => Object.values((type as GraphQLObjectType).getFields()))
    .filter(({ args }) => args.some(({ type }) => /^(ID|String)!?$|Filter/.test(String(type))))
    .map(({ name }) => name);
  expect(new Set(questions.map(({ name }) => name.split("(")[0]))).toEqual(new Set(fields));
  expect(fields.length).toBeGreaterThan(15);
});
