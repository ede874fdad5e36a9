import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { answerPage, rowTestName } from "../../src/providers/answer-page.js";
import { brokenAnswers, ownFindings } from "../../src/providers/broken-answers.js";
import { providerErrorCodes } from "../../src/providers/error-codes.js";
import { googleClassification, googleFailure } from "../../src/providers/google/errors.js";
import { microsoftClassification, microsoftFailure } from "../../src/providers/microsoft/errors.js";
import { faults } from "./fault-answers.js";

const ofProject = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("docs/provider-answers.md is what the tables say", () => {
  expect(ofProject("docs/provider-answers.md")).toBe(answerPage());
});

/** What the server finds in its own house: no answer of a provider leads to it. */
const ofThisServer = ["CREDENTIALS_UNREADABLE", "CREDENTIALS_MISSING", "DATABASE_UNAVAILABLE", "INTERNAL_ERROR"];

test("it tells what leads to each of the providers' codes", () => {
  const told = [...googleClassification, ...microsoftClassification, ...brokenAnswers, ...ownFindings];
  const codes = new Set<string>([...told.map(({ code }) => code), ...ofThisServer]);
  expect(Object.keys(providerErrorCodes).filter((code) => !codes.has(code))).toEqual([]);
});

describe("every row has a test", () => {
  test.each([
    ["google", googleClassification],
    ["microsoft", microsoftClassification],
  ])("of %s: its requests are made from the table itself, under names of their own", (provider, table) => {
    expect(new Set(table.map(rowTestName)).size).toBe(table.length);
    expect(ofProject(`test/providers/${provider}/errors.test.ts`)).toContain("$name is decided by its own row");
  });

  test("of answers that are none", () => {
    expect(faults.map(([name]) => name)).toEqual(brokenAnswers.map(({ answer }) => answer));
  });

  test.each(ownFindings.map(({ answer, test: [file, name] }) => [answer, file, name]))(
    "of what this server finds: %s",
    (_answer, file, name) => {
      expect(existsSync(new URL(`../../${file}`, import.meta.url))).toBe(true);
      expect(ofProject(file)).toContain(name);
    },
  );
});

test("an error of a client that nobody knows is told as such", () => {
  const error = new Error("canary");
  const asked = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false } as const;
  for (const failure of [googleFailure(error, asked), microsoftFailure(error)]) {
    expect(failure).toMatchObject({ errorCode: "UNEXPECTED_ERROR", errorClass: "TRANSIENT", action: { kind: "FAIL" } });
  }
});
