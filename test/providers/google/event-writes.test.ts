import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { googleIdOf } from "../../../src/providers/google/event-key.js";
import { ContractWorld, account, failureOf, review } from "../contract-world.js";
import { json, type AnswerRequest } from "../provider-server.js";
import { eventKey, type ProviderUnderTest } from "../provider-under-test.js";
import { content, WriteWorld } from "../write-world.js";
import { calendarError } from "./google-answers.js";
import { googleContract } from "./google-contract.js";
import { startGoogleUnderTest } from "./google-under-test.js";

describe("Google, as only it is", () => {
  const world = new ContractWorld(googleContract);
  const writes = new WriteWorld(world);
  beforeAll(() => world.start());
  afterAll(() => world.close());
  beforeEach(async () => {
    world.reset();
    await writes.begin();
  });

  test.each([
    ["is there", () => undefined],
    ["was deleted", (id: string) => void writes.control.deleteEvent(account, id)],
  ])("an id that somebody else's event has, which %s, asks for another key", async (_name, after) => {
    const { id } = writes.control.createEvent(account, { ...review, id: googleIdOf(eventKey) });
    after(id);
    expect(await writes.create(eventKey)).toEqual({ kind: "key taken" });
    expect(await writes.find(eventKey)).toBeNull();
  });

  test("the block of an account that writes too much lasts an hour, and reading goes on", async () => {
    const { event } = await writes.made(randomUUID());
    writes.control.setScenario({ isWriteQuotaExceeded: true });
    for (const write of [
      () => writes.create(randomUUID()),
      () => writes.update(event, { ...content, title: "Changed" }, ["title"]),
      () => writes.delete(event),
    ]) {
      expect(await failureOf(write())).toMatchObject({
        errorClass: "RATE_LIMITED",
        errorCode: "QUOTA_EXCEEDED",
        retryAfterSeconds: 3600,
        action: { kind: "FAIL" },
      });
    }
    expect(await writes.known(event)).toEqual([{ kind: "event", event }]);
  });

  test("an attendee may not change what all share, and the connection stays as it is", async () => {
    writes.control.createEvent(account, {
      ...review,
      organizerEmail: "anna@example.com",
      attendees: [{ email: account }],
    });
    const [told] = await writes.pullChanges();
    if (told?.kind !== "event") throw new Error("the event was not told");
    const update = writes.update(told.event, { ...content, title: "Changed" }, ["title"]);
    expect(await failureOf(update)).toMatchObject({ errorCode: "NOT_THE_ORGANIZER", action: { kind: "FAIL" } });
  });

  test.each(["older", "newer"] as const)("a repeated creation is known by %s errors", async (errorStyle) => {
    writes.control.setScenario({ errorStyle });
    const { event } = await writes.made(eventKey);
    expect(await writes.create(eventKey)).toEqual({ kind: "event", event, isChanged: false });
    const later = await writes.create(eventKey, { ...content, title: "Later" });
    expect(later).toMatchObject({ isChanged: true });
  });
});

describe("what is sent to Google", () => {
  let google: ProviderUnderTest;
  beforeAll(async () => {
    google = await startGoogleUnderTest();
  });
  afterAll(() => google.close());
  beforeEach(() => {
    google.server.requests.length = 0;
  });

  const event = {
    id: googleIdOf(eventKey),
    etag: '"7"',
    status: "confirmed",
    start: { date: "2026-12-01" },
    end: { date: "2026-12-02" },
    extendedProperties: { private: { csaEventKey: eventKey } },
  };
  const duplicate = json(calendarError(409, "global", "duplicate"), 409);
  const sent = () =>
    google.server.requests.map(({ method, url, headers, body }) => ({
      line: `${method} ${decodeURIComponent(url.pathname).split("/").at(-1) ?? ""}`,
      sendUpdates: url.searchParams.get("sendUpdates"),
      ifMatch: headers["if-match"],
      body: body === "" ? null : (JSON.parse(body) as unknown),
    }));
  const answering = (answers: Record<string, AnswerRequest>): void => {
    google.server.answer = (response, request) => answers[request.method]?.(response, request);
  };

  test("a creation tells nobody, and has the id and the property of its key", async () => {
    answering({ POST: json(event) });
    await google.createEvent();
    expect(sent()).toEqual([
      {
        line: "POST events",
        sendUpdates: "none",
        ifMatch: undefined,
        body: {
          id: googleIdOf(eventKey),
          summary: "Canary checkup",
          status: "confirmed",
          start: { dateTime: "2026-12-01T09:00:00Z", date: null, timeZone: "Europe/Berlin" },
          end: { dateTime: "2026-12-01T10:00:00Z", date: null, timeZone: "Europe/Berlin" },
          extendedProperties: { private: { csaEventKey: eventKey } },
        },
      },
    ]);
  });

  test("a change tells nobody, names the version that was read, and takes the other form of its times away", async () => {
    answering({ GET: json(event), PATCH: json(event), DELETE: (response) => response.writeHead(204).end() });
    await google.updateEvent({ title: "", isTentative: true });
    expect(sent()).toMatchObject([
      { line: "GET canary-event" },
      {
        line: "PATCH canary-event",
        sendUpdates: "none",
        ifMatch: '"7"',
        body: {
          status: "tentative",
          start: { dateTime: "2026-12-01T09:00:00Z", date: null },
          end: { dateTime: "2026-12-01T10:00:00Z", date: null },
        },
      },
    ]);
    expect(sent()[1]?.body).not.toHaveProperty("summary");
    await google.deleteEvent();
    expect(sent().at(-1)).toMatchObject({ line: "DELETE canary-event", sendUpdates: "none" });
  });

  test("whole days are dates", async () => {
    const timed = { ...event, start: { dateTime: "2026-12-01T09:00:00Z" }, end: { dateTime: "2026-12-01T10:00:00Z" } };
    answering({ GET: json(timed), PATCH: json(timed) });
    const days = { startsAt: "2026-12-01T00:00:00.000Z", endsAt: "2026-12-03T00:00:00.000Z", isAllDay: true };
    await google.updateEvent(days);
    expect(sent()[1]?.body).toMatchObject({
      start: { date: "2026-12-01", dateTime: null, timeZone: null },
      end: { date: "2026-12-03", dateTime: null, timeZone: null },
    });
  });

  test("a deleted event of which Google tells no more than its id is gone, not somebody else's", async () => {
    answering({ POST: duplicate, GET: json({ id: event.id, status: "cancelled" }) });
    expect(await google.createEvent()).toEqual({ kind: "gone" });
  });

  test("an id that is taken by nothing that can be found asks for another key", async () => {
    answering({
      POST: duplicate,
      GET: (response, request) => {
        const isList = request.url.pathname.endsWith("/events");
        (isList ? json({ items: [] }) : json(calendarError(404, "global", "notFound"), 404))(response, request);
      },
    });
    expect(await google.createEvent()).toEqual({ kind: "key taken" });
  });

  test.each<[string, object]>([
    ["no version", { ...event, etag: undefined }],
    ["no id", { ...event, id: undefined }],
  ])("an event with %s is not written to", async (_name, found) => {
    answering({ GET: json(found), PATCH: json(event) });
    expect(await failureOf(google.updateEvent())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
    expect(sent()).toHaveLength(1);
  });

  test("an answer that is no event neither takes a key nor ends a deletion", async () => {
    answering({ POST: duplicate, GET: json({}), DELETE: (response) => response.writeHead(204).end() });
    expect(await failureOf(google.createEvent())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
    expect(await failureOf(google.deleteEvent())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
  });

  test("an event that cannot be read is written over as a whole", async () => {
    answering({ GET: json({ ...event, start: { date: "2026-12-05" } }), PATCH: json(event) });
    expect(await google.updateEvent()).toMatchObject({ kind: "event", isChanged: true });
    expect(Object.keys(sent()[1]?.body as object)).toEqual(["summary", "status", "start", "end"]);
  });
});
