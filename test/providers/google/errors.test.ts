import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ClassificationRow } from "../../../src/providers/classification.js";
import { providerErrorCodes } from "../../../src/providers/error-codes.js";
import { googleClassification } from "../../../src/providers/google/errors.js";
import { rowTestName } from "../../../src/providers/answer-page.js";
import type { ProviderFailure } from "../../../src/providers/provider.js";
import { json, text, type AnswerRequest } from "../provider-server.js";
import { calendarError, commonError, tokenError } from "./google-answers.js";
import { failureOf } from "../contract-world.js";
import { decidingRows } from "../deciding-rows.js";
import { type ProviderUnderTest } from "../provider-under-test.js";
import { sinceCursor, startGoogleUnderTest } from "./google-under-test.js";

let google: ProviderUnderTest;
beforeAll(async () => {
  google = await startGoogleUnderTest();
});
afterAll(() => google.close());

type Asked = "full round" | "cursor" | "page" | "token" | "creation" | "change";

function failureAfter(asked: Asked, answer: AnswerRequest): Promise<ProviderFailure> {
  google.server.answer = answer;
  switch (asked) {
    case "token":
      return failureOf(google.refreshAccess());
    case "cursor":
      return failureOf(google.listChanges({ range: sinceCursor }));
    case "page":
      return failureOf(google.listChanges({ pageToken: "page 2" }));
    case "full round":
      return failureOf(google.listChanges());
    case "creation":
      return failureOf(google.createEvent());
    case "change":
      google.server.answer = (response, request) => {
        (request.method === "GET" ? found : answer)(response, request);
      };
      return failureOf(google.updateEvent());
  }
}

/** What is to be changed. */
const found = json({
  id: "canary-event",
  etag: '"1"',
  start: { dateTime: "2026-12-01T09:00:00Z" },
  end: { dateTime: "2026-12-01T10:00:00Z" },
});

const date = "Sun, 22 Nov 2026 12:00:00 GMT";
const list = (status: number, reason: string, domain = "global") => json(calendarError(status, domain, reason), status);
const html = (status: number) => text("<html>canary</html>", "text/html; charset=UTF-8", status);
const revoke = (reason: string) => ({ kind: "REVOKE", reason });
const fail = { kind: "FAIL" };
const fullRound = { kind: "FULL_ROUND" };
const hold = { kind: "HOLD" };

describe("what Google refuses", () => {
  test.each<[string, Asked, AnswerRequest, string, string, object]>([
    [
      "401 authError",
      "full round",
      list(401, "authError"),
      "NON_RETRYABLE",
      "ACCESS_TOKEN_REFUSED",
      { kind: "REFRESH_ACCESS" },
    ],
    [
      "401 UNAUTHENTICATED",
      "cursor",
      json(commonError(401, "UNAUTHENTICATED", "X"), 401),
      "NON_RETRYABLE",
      "ACCESS_TOKEN_REFUSED",
      { kind: "REFRESH_ACCESS" },
    ],
    [
      "400 invalid syncToken",
      "cursor",
      json(calendarError(400, "global", "invalid", "syncToken"), 400),
      "NON_RETRYABLE",
      "CURSOR_EXPIRED",
      fullRound,
    ],
    ["any 400 on a request with a cursor", "cursor", json({}, 400), "NON_RETRYABLE", "CURSOR_EXPIRED", fullRound],
    ["400 on a page to go on from", "page", list(400, "invalid"), "NON_RETRYABLE", "PAGE_TOKEN_EXPIRED", fullRound],
    [
      "400 on the first page of a full round",
      "full round",
      list(400, "timeRangeEmpty"),
      "NON_RETRYABLE",
      "REQUEST_REFUSED",
      fail,
    ],
    [
      "410 fullSyncRequired",
      "cursor",
      list(410, "fullSyncRequired", "calendar"),
      "NON_RETRYABLE",
      "CURSOR_EXPIRED",
      fullRound,
    ],
    [
      "410 updatedMinTooLongAgo",
      "cursor",
      list(410, "updatedMinTooLongAgo"),
      "NON_RETRYABLE",
      "CURSOR_EXPIRED",
      fullRound,
    ],
    ["410 without a reason", "cursor", json({}, 410), "NON_RETRYABLE", "CURSOR_EXPIRED", fullRound],
    [
      "403 rateLimitExceeded",
      "full round",
      list(403, "rateLimitExceeded", "usageLimits"),
      "RATE_LIMITED",
      "RATE_LIMITED",
      fail,
    ],
    [
      "403 userRateLimitExceeded",
      "cursor",
      list(403, "userRateLimitExceeded", "usageLimits"),
      "RATE_LIMITED",
      "RATE_LIMITED",
      fail,
    ],
    [
      "403 RATE_LIMIT_EXCEEDED",
      "cursor",
      json(commonError(403, "PERMISSION_DENIED", "RATE_LIMIT_EXCEEDED"), 403),
      "RATE_LIMITED",
      "RATE_LIMITED",
      fail,
    ],
    [
      "403 RESOURCE_EXHAUSTED",
      "cursor",
      json(commonError(403, "RESOURCE_EXHAUSTED", "X"), 403),
      "RATE_LIMITED",
      "RATE_LIMITED",
      fail,
    ],
    [
      "403 a new reason of usageLimits",
      "cursor",
      list(403, "tooManyThings", "usageLimits"),
      "RATE_LIMITED",
      "RATE_LIMITED",
      fail,
    ],
    ["403 in other letters", "cursor", list(403, "RATELIMITEXCEEDED"), "RATE_LIMITED", "RATE_LIMITED", fail],
    ["403 quotaExceeded", "cursor", list(403, "quotaExceeded", "usageLimits"), "RATE_LIMITED", "QUOTA_EXCEEDED", fail],
    [
      "403 calendarUsageLimitsExceeded",
      "cursor",
      list(403, "calendarUsageLimitsExceeded"),
      "RATE_LIMITED",
      "QUOTA_EXCEEDED",
      fail,
    ],
    [
      "403 dailyLimitExceeded",
      "cursor",
      list(403, "dailyLimitExceeded", "usageLimits"),
      "RATE_LIMITED",
      "DAILY_LIMIT_EXCEEDED",
      fail,
    ],
    [
      "403 insufficientPermissions",
      "cursor",
      list(403, "insufficientPermissions"),
      "NON_RETRYABLE",
      "INSUFFICIENT_SCOPE",
      revoke("CONSENT_NEEDED"),
    ],
    [
      "403 ACCESS_TOKEN_SCOPE_INSUFFICIENT",
      "cursor",
      json(commonError(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), 403),
      "NON_RETRYABLE",
      "INSUFFICIENT_SCOPE",
      revoke("CONSENT_NEEDED"),
    ],
    [
      "403 accessNotConfigured",
      "cursor",
      list(403, "accessNotConfigured", "usageLimits"),
      "NON_RETRYABLE",
      "API_DISABLED",
      hold,
    ],
    [
      "403 SERVICE_DISABLED",
      "cursor",
      json(commonError(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), 403),
      "NON_RETRYABLE",
      "API_DISABLED",
      hold,
    ],
    ["403 forbidden", "cursor", list(403, "forbidden"), "NON_RETRYABLE", "ACCESS_FORBIDDEN", fail],
    [
      "403 requiredAccessLevel",
      "cursor",
      list(403, "requiredAccessLevel", "calendar"),
      "NON_RETRYABLE",
      "ACCESS_FORBIDDEN",
      fail,
    ],
    ["403 without a reason", "cursor", json({}, 403), "NON_RETRYABLE", "ACCESS_FORBIDDEN", fail],
    [
      "404 notFound",
      "cursor",
      list(404, "notFound"),
      "NON_RETRYABLE",
      "CALENDAR_NOT_FOUND",
      revoke("CALENDAR_NOT_FOUND"),
    ],
    [
      "404 without a body",
      "full round",
      json("", 404),
      "NON_RETRYABLE",
      "CALENDAR_NOT_FOUND",
      revoke("CALENDAR_NOT_FOUND"),
    ],
    ["404 with a web page revokes nothing", "full round", html(404), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    ["408", "cursor", json({}, 408), "TRANSIENT", "TIMEOUT", fail],
    ["409 conflict", "cursor", list(409, "conflict"), "TRANSIENT", "PROVIDER_CONFLICT", fail],
    ["409 of another kind", "cursor", list(409, "duplicate"), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    ["412", "cursor", list(412, "conditionNotMet"), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    ["413", "cursor", json({}, 413), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    ["418, which nobody knows", "cursor", json({}, 418), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    [
      "429 rateLimitExceeded",
      "cursor",
      list(429, "rateLimitExceeded", "usageLimits"),
      "RATE_LIMITED",
      "RATE_LIMITED",
      fail,
    ],
    ["429 without a reason", "cursor", json({}, 429), "RATE_LIMITED", "RATE_LIMITED", fail],
    ...(["creation", "change"] as const).flatMap((asked): [string, Asked, AnswerRequest, string, string, object][] => [
      [
        `${asked}: 403 requiredAccessLevel`,
        asked,
        list(403, "requiredAccessLevel", "calendar"),
        "NON_RETRYABLE",
        "WRITE_FORBIDDEN",
        fail,
      ],
      [`${asked}: 403 forbidden`, asked, list(403, "forbidden"), "NON_RETRYABLE", "WRITE_FORBIDDEN", fail],
      [
        `${asked}: 403 forbiddenForNonOrganizer`,
        asked,
        list(403, "forbiddenForNonOrganizer", "calendar"),
        "NON_RETRYABLE",
        "NOT_THE_ORGANIZER",
        fail,
      ],
      [
        `${asked}: 403 insufficientPermissions`,
        asked,
        list(403, "insufficientPermissions"),
        "NON_RETRYABLE",
        "WRITE_CONSENT_MISSING",
        fail,
      ],
      [
        `${asked}: 403 ACCESS_TOKEN_SCOPE_INSUFFICIENT`,
        asked,
        json(commonError(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), 403),
        "NON_RETRYABLE",
        "WRITE_CONSENT_MISSING",
        fail,
      ],
      [
        `${asked}: 403 quotaExceeded`,
        asked,
        list(403, "quotaExceeded", "usageLimits"),
        "RATE_LIMITED",
        "QUOTA_EXCEEDED",
        fail,
      ],
      [
        `${asked}: 403 rateLimitExceeded`,
        asked,
        list(403, "rateLimitExceeded", "usageLimits"),
        "RATE_LIMITED",
        "RATE_LIMITED",
        fail,
      ],
      [
        `${asked}: 403 accessNotConfigured`,
        asked,
        list(403, "accessNotConfigured", "usageLimits"),
        "NON_RETRYABLE",
        "API_DISABLED",
        hold,
      ],
      [`${asked}: 400 badRequest`, asked, list(400, "badRequest"), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
      [`${asked}: 409 conflict`, asked, list(409, "conflict"), "TRANSIENT", "PROVIDER_CONFLICT", fail],
      [`${asked}: 412`, asked, list(412, "conditionNotMet"), "TRANSIENT", "EVENT_CONFLICT", fail],
      [`${asked}: 404 with a web page`, asked, html(404), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
      [`${asked}: 503`, asked, json({}, 503), "TRANSIENT", "PROVIDER_UNAVAILABLE", fail],
    ]),
    ["creation: 410 deleted", "creation", list(410, "deleted"), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    ["500 backendError", "cursor", list(500, "backendError"), "TRANSIENT", "PROVIDER_UNAVAILABLE", fail],
    ["502 with a web page", "cursor", html(502), "TRANSIENT", "PROVIDER_UNAVAILABLE", fail],
    ["503", "cursor", json({}, 503), "TRANSIENT", "PROVIDER_UNAVAILABLE", fail],
    ["599, which nobody knows", "cursor", json({}, 599), "TRANSIENT", "PROVIDER_UNAVAILABLE", fail],
    [
      "token: invalid_grant",
      "token",
      json(tokenError("invalid_grant"), 400),
      "NON_RETRYABLE",
      "INVALID_GRANT",
      revoke("CREDENTIALS_REFUSED"),
    ],
    [
      "token: invalid_grant of a policy",
      "token",
      json({ ...tokenError("invalid_grant"), error_subtype: "invalid_rapt" }, 400),
      "NON_RETRYABLE",
      "INVALID_GRANT",
      revoke("CREDENTIALS_REFUSED"),
    ],
    [
      "token: invalid_client",
      "token",
      json(tokenError("invalid_client"), 401),
      "NON_RETRYABLE",
      "INVALID_CLIENT",
      hold,
    ],
    [
      "token: unauthorized_client",
      "token",
      json(tokenError("unauthorized_client"), 400),
      "NON_RETRYABLE",
      "INVALID_CLIENT",
      hold,
    ],
    ["token: 401 of another kind", "token", json({}, 401), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    ["token: 404", "token", json({}, 404), "NON_RETRYABLE", "REQUEST_REFUSED", fail],
    [
      "token: unsupported_grant_type",
      "token",
      json(tokenError("unsupported_grant_type"), 400),
      "NON_RETRYABLE",
      "REQUEST_REFUSED",
      fail,
    ],
    ["token: 429", "token", json({}, 429), "RATE_LIMITED", "RATE_LIMITED", fail],
    [
      "token: temporarily_unavailable",
      "token",
      json(tokenError("temporarily_unavailable"), 400),
      "TRANSIENT",
      "PROVIDER_UNAVAILABLE",
      fail,
    ],
    ["token: 503", "token", html(503), "TRANSIENT", "PROVIDER_UNAVAILABLE", fail],
  ])("%s", async (_name, asked, answer, errorClass, errorCode, action) => {
    const failure = await failureAfter(asked, answer);
    expect(failure).toMatchObject({ errorClass, errorCode, action });
    expect(failure.providerStatus).toBeGreaterThanOrEqual(400);
    expect(failure.message).toBe(providerErrorCodes[errorCode as keyof typeof providerErrorCodes].sentence);
  });
});

describe("the classification table", () => {
  const example = { "3xx": 302, "4xx": 418, "5xx": 500 };
  const requests = googleClassification.flatMap((row, index) =>
    (row.endpoint === undefined ? (["CALENDAR", "TOKEN"] as const) : [row.endpoint]).flatMap((endpoint) =>
      (row.statuses ?? [400]).flatMap((status) =>
        (row.reasons ?? [null]).map((reason) => ({
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
      const body = endpoint === "TOKEN" ? tokenError(reason ?? "x") : calendarError(status, "global", reason ?? "x");
      const answer = row.isHtml ? html(status) : json(row.isUnexplained ? {} : body, status);
      const failure = await failureAfter(asked, answer);
      expect(failure).toMatchObject({ errorCode: row.code, action: row.action ?? fail, providerStatus: status });
      expect(await decidingRows(googleClassification, () => failureAfter(asked, answer))).toEqual([row]);
    },
  );
});

/** What a row of the table is asked by. A creation would go on from an event that exists. */
function askedFor(row: ClassificationRow, endpoint: string): Asked {
  if (endpoint === "TOKEN") return "token";
  if (row.isWrite) return row.code === "EVENT_EXISTS" ? "change" : "creation";
  if (row.carried === undefined) return "full round";
  return row.carried === "CURSOR" ? "cursor" : "page";
}

describe("how long a refusal asks to wait", () => {
  const limited = (reason: string, headers: Record<string, string>) =>
    json(calendarError(403, "usageLimits", reason), 403, { date, ...headers });

  test.each<[string, AnswerRequest, number | null]>([
    ["nothing asked", json({}, 429, { date }), null],
    ["seconds", json({}, 429, { date, "retry-after": "90" }), 90],
    ["a date", json({}, 429, { date, "retry-after": "Sun, 22 Nov 2026 12:01:00 GMT" }), 60],
    ["a year is bounded to a day", json({}, 429, { date, "retry-after": "31536000" }), 86_400],
    ["rubbish", json({}, 429, { date, "retry-after": "later" }), null],
    ["of an outage", json({}, 503, { date, "retry-after": "5" }), 5],
    ["the account's quota: an hour", limited("quotaExceeded", {}), 3600],
    ["the account's quota, asked for less", limited("quotaExceeded", { "retry-after": "1" }), 3600],
    ["the account's quota, asked for more", limited("quotaExceeded", { "retry-after": "7200" }), 7200],
    ["the day's limit: until midnight in California", limited("dailyLimitExceeded", {}), 20 * 3600],
    ["of what is never tried again", json({}, 404, { date, "retry-after": "90" }), null],
  ])("%s", async (_name, answer, seconds) => {
    expect((await failureAfter("full round", answer)).retryAfterSeconds).toBe(seconds);
  });
});
