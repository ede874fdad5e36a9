import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ClassificationRow } from "../../../src/providers/classification.js";
import { providerErrorCodes } from "../../../src/providers/error-codes.js";
import { microsoftClassification } from "../../../src/providers/microsoft/errors.js";
import { rowTestName } from "../../../src/providers/answer-page.js";
import type { ProviderFailure } from "../../../src/providers/provider.js";
import { failureOf } from "../contract-world.js";
import { decidingRows } from "../deciding-rows.js";
import { json, text, type AnswerRequest } from "../provider-server.js";
import type { ProviderUnderTest } from "../provider-under-test.js";
import { pageToken, sinceCursor, startMicrosoftUnderTest } from "./microsoft-under-test.js";

let graph: ProviderUnderTest;
beforeAll(async () => {
  graph = await startMicrosoftUnderTest();
});
afterAll(() => graph.close());

type Asked = "full round" | "cursor" | "page" | "token" | "creation" | "change";

function failureAfter(asked: Asked, answer: AnswerRequest): Promise<ProviderFailure> {
  graph.server.answer = answer;
  switch (asked) {
    case "token":
      return failureOf(graph.refreshAccess());
    case "cursor":
      return failureOf(graph.listChanges({ range: sinceCursor }));
    case "page":
      return failureOf(graph.listChanges({ pageToken }));
    case "full round":
      return failureOf(graph.listChanges());
    case "creation":
      return failureOf(graph.createEvent());
    case "change":
      graph.server.answer = (response, request) => {
        (request.method === "GET" ? found : answer)(response, request);
      };
      return failureOf(graph.updateEvent());
  }
}

/** What is to be changed. */
const found = json({
  "@odata.etag": 'W/"1"',
  id: "canary-event",
  start: { dateTime: "2026-12-01T09:00:00.0000000", timeZone: "UTC" },
  end: { dateTime: "2026-12-01T10:00:00.0000000", timeZone: "UTC" },
});

/** As Graph writes it; further codes are inner ones. */
function graphError(code: string, ...inner: string[]): object {
  const [next, ...rest] = inner;
  const innerError = next === undefined ? { date: "2026-11-22T12:00:00", "request-id": "x" } : innerOf(next, rest);
  return { error: { code, message: "canary", innerError } };
}

function innerOf(code: string, rest: readonly string[]): object {
  const [next, ...others] = rest;
  return { code, ...(next !== undefined && { innererror: innerOf(next, others) }) };
}

const tokenError = (error: string, ...codes: number[]) => ({
  error,
  error_description: `AADSTS${codes[0] ?? 0}: canary`,
  error_codes: codes,
  trace_id: "x",
});
const refused = (status: number, code: string, ...inner: string[]) => json(graphError(code, ...inner), status);
const token = (status: number, error: string, ...codes: number[]) => json(tokenError(error, ...codes), status);
const html = (status: number) => text("<html>canary</html>", "text/html; charset=UTF-8", status);
const challenge = (value: string) => json(graphError("InvalidAuthenticationToken"), 401, { "www-authenticate": value });
const throttled = json(
  { error: { code: "X", message: "Application is over its MailboxConcurrency limit.", innerError: null } },
  503,
);

const fail = { kind: "FAIL" };
const fullRound = { kind: "FULL_ROUND" };
const refresh = { kind: "REFRESH_ACCESS" };
const hold = { kind: "HOLD" };
const revoke = (reason: string) => ({ kind: "REVOKE", reason });
const consent = revoke("CONSENT_NEEDED");
const refusedCredentials = revoke("CREDENTIALS_REFUSED");
const noMailbox = revoke("MAILBOX_UNAVAILABLE");
const noCalendar = revoke("CALENDAR_NOT_FOUND");

type Case = [string, Asked, AnswerRequest, string, object];

const ofCalendars: Case[] = [
  ["401", "full round", refused(401, "InvalidAuthenticationToken"), "ACCESS_TOKEN_REFUSED", refresh],
  ["401 without a body", "cursor", json("", 401), "ACCESS_TOKEN_REFUSED", refresh],
  ["401 realm only", "cursor", challenge('Bearer realm=""'), "ACCESS_TOKEN_REFUSED", refresh],
  [
    "401 claims challenge",
    "cursor",
    challenge('Bearer realm="", error="insufficient_claims", claims="eyJ"'),
    "CONSENT_REQUIRED",
    consent,
  ],
  ["401 claims alone", "cursor", challenge('Bearer error="invalid_token", claims="eyJ"'), "CONSENT_REQUIRED", consent],
  ["410 SyncStateNotFound", "cursor", refused(410, "SyncStateNotFound"), "CURSOR_EXPIRED", fullRound],
  ["400 syncStateNotFound", "cursor", refused(400, "syncStateNotFound"), "CURSOR_EXPIRED", fullRound],
  ["404 SyncStateNotFound", "cursor", refused(404, "SyncStateNotFound"), "CURSOR_EXPIRED", fullRound],
  ["400 SyncStateInvalid", "page", refused(400, "SyncStateInvalid"), "CURSOR_EXPIRED", fullRound],
  ["410 resyncRequired", "cursor", refused(410, "resyncRequired"), "CURSOR_EXPIRED", fullRound],
  ["409 with resync in an inner code", "cursor", refused(409, "X", "resyncChanges"), "CURSOR_EXPIRED", fullRound],
  ["410 without a code", "cursor", json({}, 410), "CURSOR_EXPIRED", fullRound],
  ["400 on a cursor", "cursor", refused(400, "ErrorInvalidUrlQuery"), "CURSOR_EXPIRED", fullRound],
  ["400 on a page", "page", refused(400, "ErrorInvalidUrlQuery"), "PAGE_TOKEN_EXPIRED", fullRound],
  ["400 on the first page", "full round", refused(400, "ErrorInvalidRequest"), "REQUEST_REFUSED", fail],
  ["404 calendar behind a cursor", "cursor", refused(404, "ErrorItemNotFound"), "CURSOR_EXPIRED", fullRound],
  ["404 calendar behind a page", "page", refused(404, "ErrorItemNotFound"), "PAGE_TOKEN_EXPIRED", fullRound],
  ["404 calendar", "full round", refused(404, "ErrorItemNotFound"), "CALENDAR_NOT_FOUND", noCalendar],
  ["404 calendar, an inner code", "full round", refused(404, "X", "itemNotFound"), "CALENDAR_NOT_FOUND", noCalendar],
  ["404 in other letters", "full round", refused(404, "erroritemnotfound"), "CALENDAR_NOT_FOUND", noCalendar],
  ["404 mailbox", "cursor", refused(404, "MailboxNotEnabledForRESTAPI"), "MAILBOX_UNAVAILABLE", noMailbox],
  ["404 no mailbox", "full round", refused(404, "ErrorNonExistentMailbox"), "MAILBOX_UNAVAILABLE", noMailbox],
  ["404 resource", "full round", refused(404, "ResourceNotFound"), "MAILBOX_UNAVAILABLE", noMailbox],
  ["404 extension", "full round", refused(404, "extensionError"), "MAILBOX_UNAVAILABLE", noMailbox],
  ["404 with a web page revokes nothing", "full round", html(404), "REQUEST_REFUSED", fail],
  ["404 of another kind revokes nothing", "full round", refused(404, "BadRequest"), "REQUEST_REFUSED", fail],
  ["403 ErrorAccessDenied", "cursor", refused(403, "ErrorAccessDenied"), "INSUFFICIENT_SCOPE", consent],
  ["403 consent", "cursor", refused(403, "Authorization_RequestDenied"), "INSUFFICIENT_SCOPE", consent],
  ["403 accessDenied", "cursor", refused(403, "accessDenied"), "INSUFFICIENT_SCOPE", consent],
  ["403 of another kind", "cursor", refused(403, "X"), "ACCESS_FORBIDDEN", fail],
  ["408", "cursor", json({}, 408), "TIMEOUT", fail],
  ["409", "cursor", refused(409, "ErrorIrresolvableConflict"), "REQUEST_REFUSED", fail],
  ["412", "cursor", refused(412, "PreconditionFailed"), "REQUEST_REFUSED", fail],
  ["418, which nobody knows", "cursor", json({}, 418), "REQUEST_REFUSED", fail],
  ["423", "cursor", refused(423, "locked"), "PROVIDER_CONFLICT", fail],
  ["429 ApplicationThrottled", "cursor", refused(429, "ApplicationThrottled"), "RATE_LIMITED", fail],
  ["429 without a body", "cursor", json("", 429), "RATE_LIMITED", fail],
  ["429 as a web page", "cursor", html(429), "RATE_LIMITED", fail],
  ["503 too many connections", "cursor", refused(503, "ErrorExceededConnectionCount"), "RATE_LIMITED", fail],
  ["503 MailboxConcurrency, told by the message", "cursor", throttled, "RATE_LIMITED", fail],
  ["509", "cursor", json({}, 509), "RATE_LIMITED", fail],
  ["500", "cursor", refused(500, "ErrorInternalServerError"), "PROVIDER_UNAVAILABLE", fail],
  ["502 with a web page", "cursor", html(502), "PROVIDER_UNAVAILABLE", fail],
  ["503 ErrorServerBusy", "cursor", refused(503, "ErrorServerBusy"), "PROVIDER_UNAVAILABLE", fail],
  ["503 ErrorMailboxStoreUnavailable", "cursor", refused(503, "X"), "PROVIDER_UNAVAILABLE", fail],
  ["503 ConcurrentItemSave", "cursor", refused(503, "ConcurrentItemSave"), "PROVIDER_CONFLICT", fail],
  ["504 UnknownError", "cursor", refused(504, "UnknownError"), "PROVIDER_UNAVAILABLE", fail],
  ["507", "cursor", refused(507, "quotaLimitReached"), "MAILBOX_FULL", fail],
  ["599, which nobody knows", "cursor", json({}, 599), "PROVIDER_UNAVAILABLE", fail],
  ["an error without an error", "cursor", json({ error: null }, 400), "CURSOR_EXPIRED", fullRound],
  ["an error that is broken off", "full round", text('{"error":{', "application/json", 400), "REQUEST_REFUSED", fail],
];

const ofTokens: Case[] = [
  ["expired", "token", token(400, "invalid_grant", 700082), "INVALID_GRANT", refusedCredentials],
  ["too old", "token", token(400, "invalid_grant", 70008), "INVALID_GRANT", refusedCredentials],
  ["password changed", "token", token(400, "invalid_grant", 50173), "INVALID_GRANT", refusedCredentials],
  ["invalid_grant alone", "token", json({ error: "invalid_grant" }, 400), "INVALID_GRANT", refusedCredentials],
  ["more factors", "token", token(400, "invalid_grant", 50076), "CONSENT_REQUIRED", consent],
  ["enrolment", "token", token(400, "invalid_grant", 50079), "CONSENT_REQUIRED", consent],
  ["no consent", "token", token(400, "invalid_grant", 65001), "CONSENT_REQUIRED", consent],
  ["interaction_required", "token", token(400, "interaction_required"), "CONSENT_REQUIRED", consent],
  ["consent_required", "token", token(400, "consent_required"), "CONSENT_REQUIRED", consent],
  ["wrong secret", "token", token(401, "invalid_client", 7000215), "INVALID_CLIENT", hold],
  ["expired secret", "token", token(401, "invalid_client", 7000222), "INVALID_CLIENT", hold],
  ["unknown application", "token", token(400, "unauthorized_client", 700016), "INVALID_CLIENT", hold],
  ["unknown tenant", "token", token(400, "invalid_request", 90002), "INVALID_CLIENT", hold],
  ["invalid_request", "token", token(400, "invalid_request", 900144), "REQUEST_REFUSED", fail],
  ["401 of another kind", "token", json({}, 401), "REQUEST_REFUSED", fail],
  ["404", "token", html(404), "REQUEST_REFUSED", fail],
  ["429", "token", json({}, 429), "RATE_LIMITED", fail],
  ["temporarily_unavailable", "token", token(400, "temporarily_unavailable"), "PROVIDER_UNAVAILABLE", fail],
  ["server_error", "token", token(400, "server_error"), "PROVIDER_UNAVAILABLE", fail],
  ["503", "token", html(503), "PROVIDER_UNAVAILABLE", fail],
];

const ofWrites: Case[] = (["creation", "change"] as const).flatMap((asked): Case[] => [
  ["403 ErrorAccessDenied", asked, refused(403, "ErrorAccessDenied"), "WRITE_FORBIDDEN", fail],
  ["403 of another kind", asked, refused(403, "Forbidden"), "WRITE_FORBIDDEN", fail],
  ["403 throttledRequest", asked, refused(403, "throttledRequest"), "RATE_LIMITED", fail],
  ["409 ErrorIrresolvableConflict", asked, refused(409, "ErrorIrresolvableConflict"), "EVENT_CONFLICT", fail],
  ["409 resourceModified", asked, refused(409, "x", "resourceModified"), "EVENT_CONFLICT", fail],
  ["412 ErrorIrresolvableConflict", asked, refused(412, "ErrorIrresolvableConflict"), "EVENT_CONFLICT", fail],
  ["412 without a reason", asked, json({}, 412), "EVENT_CONFLICT", fail],
  [
    "400 ErrorPropertyValidationFailure",
    asked,
    refused(400, "ErrorPropertyValidationFailure"),
    "REQUEST_REFUSED",
    fail,
  ],
  ["423", asked, refused(423, "locked"), "PROVIDER_CONFLICT", fail],
  ["503 ConcurrentItemSave", asked, refused(503, "ErrorServerBusy", "ConcurrentItemSave"), "PROVIDER_CONFLICT", fail],
  ["507", asked, refused(507, "quotaLimitReached"), "MAILBOX_FULL", fail],
  ["404 with a web page", asked, html(404), "REQUEST_REFUSED", fail],
  ["429", asked, json({}, 429), "RATE_LIMITED", fail],
]);

async function expectFailure([, asked, answer, errorCode, action]: Case): Promise<void> {
  const failure = await failureAfter(asked, answer);
  const { errorClass, sentence } = providerErrorCodes[errorCode as keyof typeof providerErrorCodes];
  expect(failure).toMatchObject({ errorClass, errorCode, action, message: sentence });
  expect(failure.providerStatus).toBeGreaterThanOrEqual(400);
}

describe("what Graph refuses", () => {
  test.each(ofCalendars)("%s", (...each) => expectFailure(each));
});

describe("what Graph refuses to write", () => {
  test.each(ofWrites)("%s (%s)", (...each) => expectFailure(each));
});

describe("what the token endpoint refuses", () => {
  test.each(ofTokens)("%s", (...each) => expectFailure(each));
});

describe("the classification table", () => {
  const example = { "3xx": 302, "4xx": 418, "5xx": 500 };
  const words: Record<string, string> = { [String(/syncstate|resync/i)]: "SyncStateNotFound" };
  const requests = microsoftClassification.flatMap((row, index) =>
    (row.endpoint === undefined ? (["CALENDAR", "TOKEN"] as const) : [row.endpoint]).flatMap((endpoint) =>
      (row.statuses ?? [400]).flatMap((status) =>
        (row.reasons ?? [row.reasonPattern ? (words[String(row.reasonPattern)] ?? "") : null]).map((reason) => ({
          row,
          name: rowTestName(row, index),
          endpoint,
          status: typeof status === "number" ? status : example[status],
          reason,
        })),
      ),
    ),
  );

  test.each(requests)(
    "$name is decided by its own row, asked by $endpoint $status $reason: $row.code",
    async ({ row, endpoint, status, reason }) => {
      const asked = askedFor(row, endpoint);
      const answer = json(row.isUnexplained ? {} : bodyOf(endpoint, reason), status, headersOf(reason));
      const failure = await failureAfter(asked, answer);
      expect(failure).toMatchObject({ errorCode: row.code, action: row.action ?? fail, providerStatus: status });
      expect(await decidingRows(microsoftClassification, () => failureAfter(asked, answer))).toEqual([row]);
    },
  );

  function bodyOf(endpoint: string, reason: string | null): object {
    if (endpoint !== "TOKEN") return graphError(reason ?? "x");
    const code = /^AADSTS(\d+)$/.exec(reason ?? "")?.[1];
    return code === undefined ? tokenError(reason ?? "x") : tokenError("invalid_grant", Number(code));
  }

  function headersOf(reason: string | null): Record<string, string> {
    return reason === "insufficient_claims" ? { "www-authenticate": `Bearer error="${reason}"` } : {};
  }
});

/** What a row of the table is asked by. A creation would go on from an event that exists. */
function askedFor(row: ClassificationRow, endpoint: string): Asked {
  if (endpoint === "TOKEN") return "token";
  if (row.isWrite) return row.code === "EVENT_EXISTS" ? "change" : "creation";
  if (row.carried === undefined) return "full round";
  return row.carried === "CURSOR" ? "cursor" : "page";
}

describe("what else a refusal tells", () => {
  const date = "Sun, 22 Nov 2026 12:00:00 GMT";
  test.each<[string, AnswerRequest, number | null]>([
    ["no wait", json({}, 429, { date }), null],
    ["a wait in seconds", json({}, 429, { date, "retry-after": "90" }), 90],
    ["a wait as a date", json({}, 429, { date, "retry-after": "Sun, 22 Nov 2026 12:01:00 GMT" }), 60],
    ["a year's wait, which is bounded to a day", json({}, 429, { date, "retry-after": "31536000" }), 86_400],
    ["a wait with an outage", json({}, 503, { date, "retry-after": "5" }), 5],
    ["a wait for what is never tried again", json({}, 403, { date, "retry-after": "90" }), null],
  ])("%s", async (_name, answer, seconds) => {
    expect((await failureAfter("full round", answer)).retryAfterSeconds).toBe(seconds);
  });

  test.each([
    ["request-id", "6b8f3c1e-0d4e-4f6a-9d1b-2f0e6a7c8d90", "6b8f3c1e-0d4e-4f6a-9d1b-2f0e6a7c8d90"],
    ["x-ms-request-id", "6b8f3c1e-0d4e-4f6a-9d1b-2f0e6a7c8d90", "6b8f3c1e-0d4e-4f6a-9d1b-2f0e6a7c8d90"],
    ["request-id", "a name of somebody", null],
  ])("the request's id in %s: %s", async (name, value, expected) => {
    expect((await failureAfter("full round", json({}, 500, { [name]: value }))).providerRequestId).toBe(expected);
  });
});
