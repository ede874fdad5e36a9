import { expect, test } from "@jest/globals";
import type { FaultInput } from "../../src/simulator/faults.js";
import { CalendarCopy } from "./calendar-copy.js";
import {
  account,
  failureOf,
  fullRound,
  review,
  since,
  type ContractSubject,
  type ContractWorld,
} from "./contract-world.js";

/** What a provider refuses, and what the engine is to do about it. */
export function describeRefusals(world: ContractWorld, { uselessScopes }: ContractSubject): void {
  test("an expired cursor asks for a full round, which succeeds", async () => {
    const { control } = world;
    control.createEvent(account, review);
    const copy = new CalendarCopy();
    await world.pull(copy);
    control.createEvent(account, { ...review, title: "Later" });
    control.expireSyncTokens(account);
    expect(await failureOf(world.pullChanges(copy))).toMatchObject({
      errorClass: "NON_RETRYABLE",
      errorCode: "CURSOR_EXPIRED",
      action: { kind: "FULL_ROUND" },
    });
    await world.pull(copy);
    world.expectSame(copy);
  });

  test("a cursor that is none asks for a full round", async () => {
    const failure = await failureOf(world.listPage(since("no cursor"), null, await world.access()));
    expect(failure).toMatchObject({ errorCode: "CURSOR_EXPIRED", action: { kind: "FULL_ROUND" } });
  });

  test("a page that is none asks for the round to start again", async () => {
    const failure = await failureOf(world.listPage(fullRound, "no page", await world.access()));
    expect(failure).toMatchObject({ errorCode: "PAGE_TOKEN_EXPIRED", action: { kind: "FULL_ROUND" } });
  });

  test("an expired access token is refused, and a refreshed one works", async () => {
    const expired = await world.access();
    world.control.expireAccessTokens(account);
    expect(await failureOf(world.listPage(fullRound, null, expired))).toMatchObject({
      errorCode: "ACCESS_TOKEN_REFUSED",
      action: { kind: "REFRESH_ACCESS" },
    });
    expect((await world.listPage(fullRound, null, await world.access())).nextCursor).not.toBeNull();
  });

  test("a revoked grant is refused by both endpoints, and the connection is to be revoked", async () => {
    const accessToken = await world.access();
    world.control.setRevoked(account, true);
    expect(await failureOf(world.listPage(fullRound, null, accessToken))).toMatchObject({
      errorCode: "ACCESS_TOKEN_REFUSED",
    });
    expect(await failureOf(world.access())).toMatchObject({
      errorClass: "NON_RETRYABLE",
      errorCode: "INVALID_GRANT",
      action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" },
    });
  });

  test("a grant without the right to read calendars needs consent again", async () => {
    const accessToken = world.control.issueAccessToken(account, { scopes: uselessScopes });
    expect(await failureOf(world.listPage(fullRound, null, accessToken))).toMatchObject({
      errorCode: "INSUFFICIENT_SCOPE",
      action: { kind: "REVOKE", reason: "CONSENT_NEEDED" },
    });
  });

  test("a calendar that was deleted is not found", async () => {
    const { control } = world;
    control.addCalendar({ account, id: "second", name: "Second", timeZone: "UTC" });
    const accessToken = await world.access();
    const calendar = world.opener(account, "second")();
    const list = () => calendar.listChanges({ accessToken, range: fullRound, pageToken: null });
    expect((await list()).changes).toEqual([]);
    control.removeCalendar(account, "second");
    expect(await failureOf(list())).toMatchObject({
      errorCode: "CALENDAR_NOT_FOUND",
      action: { kind: "REVOKE", reason: "CALENDAR_NOT_FOUND" },
    });
  });

  test("with a Retry-After is told with its seconds", async () => {
    const accessToken = await world.access();
    world.control.setThrottle({ requests: 1, perSeconds: 60, status: 429 });
    await world.listPage(fullRound, null, accessToken);
    const failure = await failureOf(world.listPage(fullRound, null, accessToken));
    expect(failure).toMatchObject({ errorClass: "RATE_LIMITED", errorCode: "RATE_LIMITED", providerStatus: 429 });
    expect(failure.retryAfterSeconds).toBeGreaterThan(0);
    expect(failure.retryAfterSeconds).toBeLessThanOrEqual(60);
  });

  test("without one is told without a wait", async () => {
    const accessToken = await world.access();
    world.control.setThrottle({ requests: 0, perSeconds: 60, status: 429, isWithoutRetryAfter: true });
    const failure = await failureOf(world.listPage(fullRound, null, accessToken));
    expect(failure).toMatchObject({ errorClass: "RATE_LIMITED", retryAfterSeconds: null });
  });
}

/** Faults on the way: the same cursor and the same refresh token work afterwards. */
export function describeDisturbances(world: ContractWorld, { listPath }: ContractSubject): void {
  const fault = (then: FaultInput["then"], when: FaultInput["when"] = "before", pathRegex = listPath) =>
    world.control.addFault({ match: { pathRegex }, then, when, times: 2 });

  test.each<[string, FaultInput["then"], string]>([
    ["503", { status: 503, headers: { "retry-after": "7" } }, "PROVIDER_UNAVAILABLE"],
    ["a closed connection", { destroy: true }, "CONNECTION_ERROR"],
    ["a connection closed in the middle", { destroy: true, truncate: true }, "CONNECTION_ERROR"],
    ["a truncated answer", { truncate: true }, "MALFORMED_ANSWER"],
    [
      "a web page",
      { status: 200, body: "<html></html>", headers: { "content-type": "text/html" } },
      "MALFORMED_ANSWER",
    ],
    ["no answer", { hang: true }, "TIMEOUT"],
    ["an answer byte by byte", { dripMs: 200 }, "TIMEOUT"],
    ["a very large answer", { padBytes: 17 * 1024 * 1024 }, "ANSWER_TOO_LARGE"],
  ])("by %s fails once, and the same cursor then loses nothing", async (_name, then, errorCode) => {
    const { control } = world;
    const copy = new CalendarCopy();
    await world.pull(copy);
    control.createEvent(account, review);
    if (errorCode === "TIMEOUT") world.patience = "short";
    for (const when of ["before", "after"] as const) {
      fault(then, when);
      const failure = await failureOf(world.pullChanges(copy));
      expect(failure).toMatchObject({ errorCode, errorClass: "TRANSIENT", action: { kind: "FAIL" } });
      control.clearFaults();
    }
    world.patience = "usual";
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(control.requests()).toHaveLength(world.requests);
  });

  test("for a new access token fails once, and the same refresh token then works", async () => {
    for (const [then, errorCode] of [
      [{ status: 503 }, "PROVIDER_UNAVAILABLE"],
      [{ destroy: true }, "CONNECTION_ERROR"],
      [{ truncate: true }, "MALFORMED_ANSWER"],
    ] as const) {
      fault(then, "after", "token");
      expect(await failureOf(world.access())).toMatchObject({ errorCode, errorClass: "TRANSIENT" });
      world.control.clearFaults();
    }
    expect(await world.access()).not.toBe("");
    expect(world.control.requests()).toHaveLength(world.requests);
  });
}
