import "reflect-metadata";
import { describe, expect, test } from "@jest/globals";
import { remedyOf } from "../../src/attempts/remedy.js";
import { isReplayable, notReplayableReason } from "../../src/attempts/replayability.js";
import type { SyncAttempt } from "../../src/attempts/sync-attempt.entity.js";
import { resultOf, type ResultSource } from "../../src/attempts/sync-result.type.js";
import type { SyncRunStatus } from "../../src/attempts/sync.enums.js";
import { successRate } from "../../src/connections/sync-statistics.type.js";
import type { RowOf } from "../../src/graphql/rows.js";

test.each([
  [0, 0, null],
  [1, 0, 100],
  [0, 1, 0],
  [145, 5, 96.7],
  [1, 2, 33.3],
  [2, 1, 66.7],
  [1, 7, 12.5],
  [3, 797, 0.4], // 0.375 %
  [1, 1999, 0.1], // 0.05 %, half up
  [9995, 5, 99.9], // 99.95 % would round to 100.0, which is for no failure at all
  [9_999_999, 1, 99.9],
  [1, 9_999_999, 0],
])("%i successes and %i failures are a success rate of %p", (successes, failures, rate) => {
  expect(successRate(successes, failures)).toBe(rate);
});

const failure: RowOf<SyncAttempt> = {
  firmId: "1",
  id: "2",
  runId: "3",
  connectionId: "4",
  appointmentId: null,
  provider: "GOOGLE",
  operation: "LIST_CHANGES",
  direction: "PULL",
  status: "FAIL",
  state: "OPEN",
  errorClass: "TRANSIENT",
  providerRetryAt: null,
  replayOfId: null,
  errorCode: "TIMEOUT",
  errorSummary: "No answer.",
  providerStatus: null,
  providerRequestId: null,
  requestCount: 1,
  retryCount: 0,
  maxRetriesReached: false,
  nextRetryAt: null,
  startedAt: "2026-03-01 09:00:00+00",
  finishedAt: "2026-03-01 09:00:01+00",
  correlationId: "00000000-0000-4000-8000-000000000001",
  resolvedById: null,
};

test.each([
  [{}, "WAIT"],
  [{ maxRetriesReached: true }, "REPLAY"],
  [{ errorClass: "RATE_LIMITED", errorCode: "RATE_LIMITED" }, "WAIT"],
  [{ errorClass: "NON_RETRYABLE", errorCode: "INVALID_GRANT" }, "RECONNECT"],
  [{ errorClass: "NON_RETRYABLE", errorCode: "CALENDAR_NOT_FOUND" }, "CHECK_CALENDAR"],
  [{ errorClass: "NON_RETRYABLE", errorCode: "MASS_CANCEL" }, "CONFIRM_MASS_CANCEL"],
  [{ errorClass: "NON_RETRYABLE", errorCode: "INVALID_CLIENT" }, "CONTACT_OPERATOR"],
  [{ errorClass: "NON_RETRYABLE", errorCode: "NEVER_HEARD_OF" }, "CONTACT_OPERATOR"],
  [{ state: "RESOLVED" }, "NONE"],
  [{ state: "SUPERSEDED" }, "NONE"],
  [{ status: "SUCCESS", state: "SUCCEEDED", errorClass: null, errorCode: null }, "NONE"],
] as const)("the remedy of %j is %s", (changes, remedy) => {
  expect(remedyOf({ ...failure, ...changes })).toBe(remedy);
});

describe("a replay", () => {
  const open = { openFailureId: "2", status: "FAILED" } as const;
  const cases = [
    ["a failure whose run waits", {}, { ...open, status: "RETRYING" }, true, null],
    ["a failure whose run has failed", {}, open, true, null],
    ["an exhausted failure", { maxRetriesReached: true }, open, true, null],
    [
      "a superseded failure of a run with an open one",
      { state: "SUPERSEDED" },
      { ...open, openFailureId: "9" },
      true,
      null,
    ],
    [
      "a superseded failure of a run without an open one",
      { state: "SUPERSEDED" },
      { status: "CANCELLED", openFailureId: null },
      false,
      "RESOLVED",
    ],
    ["a resolved failure", { state: "RESOLVED" }, { status: "SUCCEEDED", openFailureId: null }, false, "RESOLVED"],
    ["a non-retryable failure", { errorClass: "NON_RETRYABLE" }, open, false, "NON_RETRYABLE"],
    ["a success", { status: "SUCCESS", state: "SUCCEEDED" }, open, false, "SUCCEEDED"],
    ["an attempt under way", { status: "RUNNING", state: "RUNNING" }, { ...open, status: "RUNNING" }, false, null],
    ["a failure whose retry runs", {}, { ...open, status: "RUNNING" }, false, null],
    ["a failure whose replay is queued", {}, { ...open, status: "QUEUED" }, false, null],
    ["a failure whose run is held", {}, { ...open, status: "HELD" }, false, null],
  ] as const;

  test.each(cases)("of %s", (_name, changes, run, replayable, reason) => {
    const attempt = { ...failure, ...changes };
    expect(isReplayable(attempt, run, "ACTIVE")).toBe(replayable);
    expect(notReplayableReason(attempt, run)).toBe(reason);
    expect(isReplayable(attempt, run, "PAUSED")).toBe(false);
  });
});

describe("the result of a run", () => {
  const run: ResultSource = {
    status: "SUCCEEDED",
    correlationId: "00000000-0000-4000-8000-000000000001",
    createdCount: 1,
    updatedCount: 2,
    cancelledCount: 3,
    unchangedCount: 4,
    errorClass: "TRANSIENT",
    errorCode: "TIMEOUT",
    errorSummary: "No answer.",
    nextRetryAt: null,
  };

  test.each<[SyncRunStatus, string, number | null, string | null]>([
    ["SUCCEEDED", "SUCCESS", 10, null],
    ["QUEUED", "RUNNING", null, null],
    ["RUNNING", "RUNNING", null, null],
    ["RETRYING", "FAIL", 10, "TIMEOUT"],
    ["FAILED", "FAIL", 10, "TIMEOUT"],
    ["HELD", "FAIL", 10, "TIMEOUT"],
    ["CANCELLED", "FAIL", 10, "CANCELLED"],
  ])("that is %s is %s", (status, expected, syncedCount, errorCode) => {
    expect(resultOf({ ...run, status })).toMatchObject({ status: expected, syncedCount, errorCode });
  });

  test("that a stopping server gave back is that it runs", () => {
    expect(resultOf({ ...run, status: "RETRYING", errorCode: "WORKER_STOPPED" }).status).toBe("RUNNING");
  });
});
