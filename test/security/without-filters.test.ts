import { globSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { TestApp } from "../support/app.js";
import { Given } from "../support/given.js";
import { isLong } from "../support/long.js";
import { ServerProcess } from "../support/server-process.js";
import { allQuestions, askForIds, kinds, type AskForId } from "./ask-for-ids.js";
import type { Question } from "./schema-questions.js";
import { filters, withoutRowLevelSecurity } from "./firm-filters.js";
import { everythingOfFirm2, foreign, foreignText, givenTwoFirms, missing } from "./foreign-world.js";

/** A server starts from TypeScript, on a busy machine. */
jest.setTimeout(120_000);

/** By text that is no id, the other tests of this folder ask often enough. */
const ofIds = allQuestions.filter(({ isId }) => isId);

let app: TestApp;
let server: ServerProcess;
let given: Given;
let ask: AskForId;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  given = new Given(app.installation.database.superuserUrl);
  await givenTwoFirms(given);
  const environment = { RATE_LIMIT_PER_MINUTE: "100000" };
  server = await ServerProcess.start(app, { roles: "api", environment, planted: filters });
  const tokens = { "firm 1": await app.token("manager", "1"), "firm 2": await app.token("manager", "2") };
  ask = askForIds(String(server.url), tokens);
});
afterAll(async () => {
  await server.stop();
  await given.close();
  await app.stop();
});

function filtersIn(text: string): number {
  return filters.reduce((found, { pattern }) => found + [...text.matchAll(new RegExp(pattern, "g"))].length, 0);
}

/** The questions by whose answers firm 1 learns of something that is firm 2's. */
async function leaks(questions: readonly Question[]): Promise<string[]> {
  const leaking: string[] = [];
  for (const question of questions) {
    for (const kind of kinds) {
      const theirs = await ask(question, foreign[kind], "firm 1");
      const none = await ask(question, missing[kind], "firm 1");
      if (theirs !== none || foreignText.test(theirs)) leaking.push(question.name);
    }
  }
  return leaking;
}

describe("a server that has lost all its filters by firm", () => {
  test("has lost more than a hundred", () => {
    const sources = globSync("src/**/*.ts", { cwd: new URL("../../", import.meta.url) });
    const texts = sources.map((path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
    expect(texts.reduce((found, text) => found + filtersIn(text), 0)).toBeGreaterThan(100);
  });

  test("still shows and changes nothing of another firm: the database does not let it", async () => {
    const before = await everythingOfFirm2(given);
    expect(await leaks(isLong ? allQuestions : ofIds)).toEqual([]);
    expect(await everythingOfFirm2(given)).toBe(before);
  });

  test("does as soon as the database lets it, which is noticed here", async () => {
    await withoutRowLevelSecurity(given);
    expect(new Set(await leaks(ofIds)).size).toBeGreaterThan(10);
  });
});
