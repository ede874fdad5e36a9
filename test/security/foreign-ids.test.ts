import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { allQuestions, askForIds, kinds, schema, schemaQuestions, type AskForId } from "./ask-for-ids.js";
import { everythingOfFirm2, foreign, foreignText, givenTwoFirms, missing } from "./foreign-world.js";

let server: TestServer;
let ask: AskForId;
let before: string;

beforeAll(async () => {
  server = await startTestServer({ mutationLimit: new MutationLimit({ mutations: 100_000, windowSeconds: 60 }) });
  await givenTwoFirms(server.given);
  const tokens = { "firm 1": await tokenOf({ firmId: "1" }), "firm 2": await tokenOf({ firmId: "2" }) };
  ask = askForIds(server.url, tokens);
  before = await everythingOfFirm2(server.given);
});
afterAll(() => server.stop());

describe("another firm's id answers byte for byte as a missing one", () => {
  test.each(allQuestions)("in $name", async (question) => {
    for (const kind of kinds) {
      const theirs = await ask(question, foreign[kind], "firm 1");
      expect(theirs).not.toMatch(foreignText);
      expect(theirs).toBe(await ask(question, missing[kind], "firm 1"));
    }
  });

  test("and nothing of the other firm has been changed or audited by all that", async () => {
    expect(await everythingOfFirm2(server.given)).toBe(before);
  });
});

describe("for the firm itself", () => {
  /** Taken as they are: what they name is not looked up. */
  const notLookedUp = ["connectCalendar(ownerId)"];

  test.each(allQuestions.filter(({ isId, name }) => isId && !notLookedUp.includes(name)))(
    "$name finds something, so that the comparison above means something",
    async (question) => {
      const answers = kinds.map(async (kind) => [
        await ask(question, foreign[kind], "firm 2"),
        await ask(question, missing[kind], "firm 2"),
      ]);
      expect((await Promise.all(answers)).some(([found, none]) => found !== none)).toBe(true);
    },
  );
});

test("every root field that takes an argument of the kind is asked", () => {
  const fields = [schema.getQueryType(), schema.getMutationType()]
    .flatMap((type) => Object.values(type?.getFields() ?? {}))
    .filter(({ args }) => args.some(({ type }) => /^(ID|String)!?$|Filter/.test(String(type))))
    .map(({ name }) => name);
  expect(new Set(schemaQuestions.map(({ name }) => name.split("(")[0]))).toEqual(new Set(fields));
  expect(fields.length).toBeGreaterThan(15);
});
