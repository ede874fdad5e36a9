import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { KnownEvent } from "../../../src/providers/provider.js";
import { failureOf } from "../contract-world.js";
import { json, text, type AnswerRequest } from "../provider-server.js";
import { fullRound, type ProviderUnderTest } from "../provider-under-test.js";
import { calendarError } from "./google-answers.js";
import { sinceCursor, startGoogleUnderTest } from "./google-under-test.js";

let google: ProviderUnderTest;
beforeAll(async () => {
  google = await startGoogleUnderTest();
});
afterAll(() => google.close());
beforeEach(() => {
  google.server.requests.length = 0;
});

const time = (hour: number) => ({ dateTime: `2026-03-01T0${hour}:00:00Z` });
const event = (id: string, more: object = {}) => ({ id, status: "confirmed", start: time(1), end: time(2), ...more });
const known = (externalEventId: string, recurringEventId: string | null = null): KnownEvent => ({
  externalEventId,
  recurringEventId,
  startsAt: new Date("2026-03-01T01:00:00Z"),
  endsAt: new Date("2026-03-01T02:00:00Z"),
});
const paths = () =>
  google.server.requests.map(({ url }) =>
    url.pathname.replace("/calendar/v3/calendars/anna.canary%40example.org/", ""),
  );

/** Answers by the end of a request's path. */
function answerBy(answers: Record<string, AnswerRequest>): void {
  google.server.answer = (response, request) => {
    const path = paths().at(-1) ?? "";
    (answers[path] ?? json(calendarError(404, "global", "notFound"), 404))(response, request);
  };
}

describe("an event that is held", () => {
  test("is asked for by its id, with no more than is needed", async () => {
    google.server.answer = json(event("a"));
    expect(await google.getEvents(known("a/b?"))).toMatchObject([{ kind: "event", event: { externalEventId: "a" } }]);
    const [request] = google.server.requests;
    expect(paths()).toEqual(["events/a%2Fb%3F"]);
    expect(Object.fromEntries(request?.url.searchParams ?? [])).toEqual({
      fields: "id,status,summary,recurringEventId,start(date,dateTime,timeZone),end(date,dateTime),recurrence",
    });
    expect(request?.headers.authorization).toBe("Bearer ya29.canary-access-token");
  });

  test.each<[string, AnswerRequest]>([
    ["is cancelled", json({ id: "a", status: "cancelled" })],
    ["is a series by now", json(event("a", { recurrence: ["RRULE:FREQ=DAILY"] }))],
    ["is not found", json(calendarError(404, "global", "notFound"), 404)],
    ["was deleted long ago", json(calendarError(410, "global", "deleted"), 410)],
  ])("that %s is gone, once its calendar has answered", async (_name, answer) => {
    answerBy({ "events/a": answer, events: json({}) });
    expect(await google.getEvents(known("a"))).toEqual([{ kind: "gone", externalEventId: "a" }]);
  });

  test("that is broken is skipped", async () => {
    google.server.answer = json({ ...event("a"), start: {} });
    expect(await google.getEvents(known("a"))).toEqual([{ kind: "skipped", externalEventId: "a", reason: "no start" }]);
  });

  test.each<[string, AnswerRequest, string]>([
    ["a web page", text("<html></html>", "text/html", 404), "REQUEST_REFUSED"],
    ["a refusal", json(calendarError(403, "global", "forbidden"), 403), "ACCESS_FORBIDDEN"],
    ["a limit", json({}, 429), "RATE_LIMITED"],
    ["a list", json([event("a")]), "MALFORMED_ANSWER"],
    ["a truncated answer", text('{"id":"a', "application/json"), "MALFORMED_ANSWER"],
  ])("of which %s is told is not gone", async (_name, answer, errorCode) => {
    google.server.answer = answer;
    expect(await failureOf(google.getEvents(known("a")))).toMatchObject({ errorCode });
  });

  test("whose calendar is not there either is not gone", async () => {
    answerBy({});
    expect(await failureOf(google.getEvents(known("a")))).toMatchObject({ errorCode: "CALENDAR_NOT_FOUND" });
    expect(paths()).toEqual(["events/a", "events"]);
  });

  test("makes its calendar be asked once only, whatever else is gone", async () => {
    answerBy({ events: json({}) });
    await google.getEvents(known("a"), known("b"), known("c"));
    expect(paths()).toEqual(["events/a", "events", "events/b", "events/c"]);
  });
});

describe("occurrences of a series", () => {
  const series = event("s", { recurrence: ["RRULE:FREQ=DAILY"] });

  test("are asked for together, over all pages", async () => {
    let page = 0;
    answerBy({
      "events/s": json(series),
      "events/s/instances": (response, request) => {
        page += 1;
        const items = [event(`s_${page}`, { recurringEventId: "s" })];
        json(page === 1 ? { items, nextPageToken: "2" } : { items })(response, request);
      },
    });
    const changes = await google.getEvents(known("s_1", "s"), known("s_2", "s"), known("other"));
    expect(changes.map(({ kind }) => kind)).toEqual(["event", "event", "gone"]);
    expect(google.server.requests.map(({ url }) => url.searchParams.get("pageToken"))).toEqual([null, null, "2", null]);
    expect(google.server.requests[1]?.url.searchParams.get("timeMin")).toBe("2026-03-01T00:59:59.000Z");
  });

  test("that never end fail", async () => {
    answerBy({ "events/s": json(series), "events/s/instances": json({ items: [], nextPageToken: "2" }) });
    expect(await failureOf(google.getEvents(known("s_1", "s"), known("s_2", "s")))).toMatchObject({
      errorCode: "PAGE_TOKEN_REPEATED",
    });
  });

  test("that is a single event by now are asked for singly", async () => {
    answerBy({ "events/s": json(event("s")), "events/s_2": json(event("s_2")) });
    const changes = await google.getEvents(known("s_1", "s"), known("s_2", "s"));
    expect(changes.map(({ kind }) => kind)).toEqual(["gone", "event"]);
  });
});

test("a series whose id is told as removed beside its living occurrences was a single event, also on a later page", async () => {
  const calendar = google.provider.openCalendar("c", {
    signal: new AbortController().signal,
    onRequest: () => undefined,
  });
  const request = { ...fullRound, range: sinceCursor };
  google.server.answer = json({ items: [event("s_1", { recurringEventId: "s" })], nextPageToken: "2" });
  await calendar.listChanges(request);
  google.server.answer = json({ items: ["s", "t"].map((id) => ({ id, status: "cancelled" })), nextSyncToken: "next" });
  expect((await calendar.listChanges({ ...request, pageToken: "2" })).changes).toEqual([
    { kind: "gone", externalEventId: "s" },
    { kind: "removed", externalEventId: "t" },
  ]);
});
