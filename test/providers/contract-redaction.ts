import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { failureOf } from "./contract-world.js";
import { json, text, type AnswerRequest } from "./provider-server.js";
import { window, type ProviderUnderTest } from "./provider-under-test.js";

/** Every secret and name the calls send holds this word, and the answers repeat it. */
const canary = /canary|ya29|1\/\/|127\.0\.0\.1/i;

const echo = {
  error: {
    code: 403,
    message: "canary title of anna.canary@example.org",
    status: "canary",
    errors: [{ domain: "canary", reason: "canary", message: "canary" }],
    innerError: { code: "canary", "request-id": "canary", innerError: { code: "canary" } },
  },
};
const canaryHeaders = {
  "x-canary": "canary",
  "retry-after": "canary",
  "request-id": "canary",
  "www-authenticate": 'Bearer realm="canary", error="canary"',
};
const answers: [string, AnswerRequest][] = [
  ...[400, 401, 403, 404, 410, 429, 500].map((status): [string, AnswerRequest] => [
    `a refusal with ${status}`,
    json(echo, status, canaryHeaders),
  ]),
  ["a refused grant", json({ error: "invalid_grant", error_description: "canary ReAuth 1//canary" }, 400)],
  ["a web page", text("<html>canary</html>", "text/html", 502)],
  ["a malformed answer", json({ items: ["canary"], value: ["canary"], access_token: 1, nextSyncToken: 1 })],
  ["a link to elsewhere", json({ value: [], "@odata.nextLink": "http://canary/v1.0/me/calendarView/delta?x" })],
  ["a truncated answer", text('{"items":[{"summary":"canary', "application/json")],
  ["a redirect", (response) => response.writeHead(302, { location: "http://canary/?token=1//canary" }).end()],
  ["a reset connection", ({ socket }) => socket?.resetAndDestroy()],
];

/** No failure shows, whoever prints it, what a call was about. */
export function describeRedaction(start: () => Promise<ProviderUnderTest>, cursor: string, pageToken: string): void {
  let asked: ProviderUnderTest;
  beforeAll(async () => {
    asked = await start();
  });
  afterAll(() => asked.close());

  describe.each([
    ["listing changes", () => asked.listChanges({ range: { kind: "SINCE", cursor, ...window }, pageToken })],
    ["refreshing access", () => asked.refreshAccess()],
    ["making an event", () => asked.createEvent()],
    ["changing an event", () => asked.updateEvent()],
    ["deleting an event", () => asked.deleteEvent()],
  ])("the failure of %s", (_name, call) => {
    test.each(answers)("after %s shows no token, address, title or name", async (_fault, answer) => {
      asked.server.answer = answer;
      const failure = await failureOf(call());
      for (const shown of [failure.message, String(failure), JSON.stringify(failure), inspect(failure)]) {
        expect(shown.replaceAll(import.meta.dirname, "")).not.toMatch(canary);
      }
      expect(inspect({ failure }, { depth: null, showHidden: true })).not.toMatch(/canary-(refresh|access|client)/);
    });
  });
}
