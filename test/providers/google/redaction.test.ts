import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { json, text, type AnswerRequest } from "../provider-server.js";
import { failureOf, sinceCursor, startGoogleUnderTest, type GoogleUnderTest } from "./google-under-test.js";

let google: GoogleUnderTest;
beforeAll(async () => {
  google = await startGoogleUnderTest();
});
afterAll(() => google.close());

/** Every secret and name the calls send holds this word, and the answers repeat it. */
const canary = /canary|ya29|1\/\/|127\.0\.0\.1/i;

const echo = {
  error: {
    code: 403,
    message: "canary title of anna.canary@example.org",
    status: "canary",
    errors: [{ domain: "canary", reason: "canary", message: "canary" }],
  },
};
const answers: [string, AnswerRequest][] = [
  ...[400, 401, 403, 404, 410, 429, 500].map((status): [string, AnswerRequest] => [
    `a refusal with ${status}`,
    json(echo, status, { "x-canary": "canary", "retry-after": "canary" }),
  ]),
  ["a refused grant", json({ error: "invalid_grant", error_description: "canary ReAuth 1//canary" }, 400)],
  ["a web page", text("<html>canary</html>", "text/html", 502)],
  ["a malformed answer", json({ items: ["canary"], access_token: 1, nextSyncToken: 1 })],
  ["a truncated answer", text('{"items":[{"summary":"canary', "application/json")],
  ["a redirect", (response) => response.writeHead(302, { location: "http://canary/?token=1//canary" }).end()],
  ["a reset connection", ({ socket }) => socket?.resetAndDestroy()],
];

describe.each([
  [
    "listing changes",
    () => google.listChanges({ range: { ...sinceCursor, cursor: "canary-cursor" }, pageToken: "canary-page" }),
  ],
  ["refreshing access", () => google.refreshAccess()],
])("the failure of %s", (_name, call) => {
  test.each(answers)("after %s shows no token, address, title or name", async (_fault, answer) => {
    google.server.answer = answer;
    const failure = await failureOf(call());
    for (const shown of [failure.message, String(failure), JSON.stringify(failure), inspect(failure)]) {
      expect(shown.replaceAll(import.meta.dirname, "")).not.toMatch(canary);
    }
    expect(inspect({ failure }, { depth: null, showHidden: true })).not.toMatch(/canary-(refresh|access|client)/);
  });
});

test("the cause is kept for a debugger, though it holds the secrets", async () => {
  google.server.answer = json({ error: "invalid_grant" }, 400);
  const { cause } = await failureOf(google.refreshAccess());
  expect(inspect(cause, { depth: null })).toContain("canary-refresh-token");
});
