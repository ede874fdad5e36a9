import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { CalendarCopy } from "../calendar-copy.js";
import { ContractWorld, account, failureOf, review } from "../contract-world.js";
import { json, type AnswerRequest } from "../provider-server.js";
import { eventKey, type ProviderUnderTest } from "../provider-under-test.js";
import { content, eventIn, WriteWorld } from "../write-world.js";
import { microsoftContract } from "./microsoft-contract.js";
import { startMicrosoftUnderTest } from "./microsoft-under-test.js";

describe("Microsoft, as only it is", () => {
  const world = new ContractWorld(microsoftContract);
  const writes = new WriteWorld(world);
  beforeAll(() => world.start());
  afterAll(() => world.close());
  beforeEach(async () => {
    world.reset();
    await writes.begin();
  });

  const refusals = ([400, 409] as const).flatMap((duplicateTransactionStatus) =>
    [true, false].map((hasExistingEventId) => ({ duplicateTransactionStatus, hasExistingEventId })),
  );

  test.each(refusals)("a repeated creation is known by %j", async (scenario) => {
    writes.control.setScenario(scenario);
    const { event } = await writes.made(eventKey);
    expect(await writes.create(eventKey)).toEqual({ kind: "event", event, isChanged: false });
    expect(await writes.create(eventKey, { ...content, title: "Later" })).toMatchObject({
      isChanged: true,
      event: { externalEventId: event.externalEventId, title: "Later" },
    });
    writes.control.deleteEvent(account, writes.internalId(event));
    expect(await writes.create(eventKey)).toEqual({ kind: "gone" });
  });

  test.each([true, false])("an event that was moved to another calendar is gone (told its id: %s)", async (told) => {
    writes.control.setScenario({ hasExistingEventId: told });
    writes.control.addCalendar({ account, id: "second", name: "Second", timeZone: "UTC" });
    const { event } = await writes.made(eventKey);
    writes.control.moveEvent(account, writes.internalId(event), "second");
    expect(await writes.create(eventKey)).toEqual({ kind: "gone" });
    expect(await writes.update(event, { ...content, title: "Later" }, ["title"])).toEqual({ kind: "gone" });
    await writes.delete(event);
    expect(writes.control.calendar(account, "second").events).toMatchObject([{ status: "confirmed" }]);
  });

  test("a copy of an event of ours has its property but not its name, and is not taken for it", async () => {
    const { event } = await writes.made(eventKey);
    const { extendedProperties } = writes.stored(writes.internalId(event)).content;
    const copy = writes.control.createEvent(account, review);
    const calendar = writes.control.calendar(account);
    calendar.update(copy.id, { content: { extendedProperties: extendedProperties ?? {} } });
    expect(await writes.find(eventKey)).toEqual(event);
    writes.control.deleteEvent(account, writes.internalId(event));
    expect(await writes.find(eventKey)).toBeNull();
  });

  test.each(["windows", "iana", "custom"] as const)(
    "a zone that is told by its %s name needs no second write",
    async (name) => {
      writes.control.setScenario({ originalTimeZone: name });
      const zurich = { ...content, timeZone: "Europe/Zurich" };
      const { event } = await writes.made(eventKey, zurich);
      expect(await writes.create(eventKey, zurich)).toEqual({ kind: "event", event, isChanged: false });
      const later = { ...zurich, endsAt: "2026-12-01T11:00:00.000Z" };
      expect(await writes.update(event, later, ["times"])).toEqual({
        kind: "event",
        event: { ...event, endsAt: later.endsAt },
        isChanged: true,
      });
    },
  );

  test("an occurrence may not pass its neighbour, and the connection stays as it is", async () => {
    const [first] = await writes.series(3);
    const times = { startsAt: "2026-12-02T08:00:00.000Z", endsAt: "2026-12-02T08:30:00.000Z" };
    expect(await failureOf(writes.update(first, { ...content, ...times }, ["times"]))).toMatchObject({
      errorCode: "OCCURRENCE_CROSSING",
      errorClass: "NON_RETRYABLE",
      action: { kind: "FAIL" },
    });
  });

  test("another calendar than the default one is written to by its id", async () => {
    writes.control.addCalendar({ account, id: "second", name: "Second", timeZone: "UTC" });
    const { accessToken } = writes;
    const calendar = world.opener(account, "second")();
    const { event } = eventIn(await calendar.createEvent({ accessToken, eventKey, content }));
    expect(writes.titles()).toEqual([]);
    expect(await calendar.findByKey({ accessToken, eventKey })).toEqual(event);
    expect(await writes.find(eventKey)).toBeNull();
    const { externalEventId } = event;
    const changes = { content: { ...content, title: "Later" }, fields: ["title"] } as const;
    expect(await calendar.updateEvent({ accessToken, externalEventId, ...changes })).toMatchObject({ isChanged: true });
    await calendar.deleteEvent({ accessToken, externalEventId });
    expect(await calendar.findByKey({ accessToken, eventKey })).toBeNull();
  });

  test("events that other applications have made under names of theirs have no key", async () => {
    const { event } = await writes.made(randomUUID());
    const calendar = writes.control.calendar(account);
    const copy = new CalendarCopy();
    for (const transactionId of [randomUUID(), "csa-1", `localevent:${randomUUID()}`]) {
      const other = writes.control.createEvent(account, review);
      calendar.update(other.id, { content: { transactionId } });
    }
    const [page] = await world.pull(copy);
    const keys = page?.changes.map((change) => (change.kind === "event" ? change.event.eventKey : "none"));
    expect(keys).toEqual([event.eventKey, null, null, null]);
  });
});

describe("what is sent to Graph", () => {
  let graph: ProviderUnderTest;
  beforeAll(async () => {
    graph = await startMicrosoftUnderTest();
  });
  afterAll(() => graph.close());
  beforeEach(() => {
    graph.server.requests.length = 0;
  });

  const event = {
    "@odata.etag": 'W/"7"',
    id: "canary-event",
    type: "singleInstance",
    subject: "Review",
    showAs: "oof",
    isAllDay: true,
    originalStartTimeZone: "Pacific Standard Time",
    start: { dateTime: "2026-12-01T00:00:00.0000000", timeZone: "UTC" },
    end: { dateTime: "2026-12-02T00:00:00.0000000", timeZone: "UTC" },
  };
  const sent = () =>
    graph.server.requests.map(({ method, url, headers, body }) => ({
      line: `${method} ${url.pathname}`,
      ifMatch: headers["if-match"],
      type: headers["content-type"],
      body: body === "" ? null : (JSON.parse(body) as unknown),
    }));
  const answering = (answers: Record<string, AnswerRequest>): void => {
    graph.server.answer = (response, request) => answers[request.method]?.(response, request);
  };

  test("a creation has the name and the property of its key, and times in the zone's Windows name", async () => {
    answering({ POST: json(event, 201) });
    await graph.createEvent({ timeZone: "Europe/Zurich" });
    const timeZone = "W. Europe Standard Time";
    expect(sent()).toEqual([
      {
        line: "POST /v1.0/me/calendar/events",
        ifMatch: undefined,
        type: "application/json",
        body: {
          subject: "Canary checkup",
          showAs: "busy",
          isAllDay: false,
          start: { dateTime: "2026-12-01T10:00:00", timeZone },
          end: { dateTime: "2026-12-01T11:00:00", timeZone },
          transactionId: `csa-${eventKey}`,
          singleValueExtendedProperties: [
            { id: expect.stringMatching(/^String \{[0-9a-f-]{36}\} Name csaEventKey$/), value: eventKey },
          ],
        },
      },
    ]);
  });

  test("a change names the version that was read, and keeps the event's zone where none is given", async () => {
    answering({ GET: json(event), PATCH: json(event) });
    await graph.updateEvent({ title: "Review", timeZone: null });
    expect(sent()).toMatchObject([
      { line: "GET /v1.0/me/calendar/events/canary-event", type: undefined },
      {
        line: "PATCH /v1.0/me/calendar/events/canary-event",
        ifMatch: 'W/"7"',
        body: {
          isAllDay: false,
          start: { dateTime: "2026-12-01T01:00:00", timeZone: "Pacific Standard Time" },
          end: { dateTime: "2026-12-01T02:00:00", timeZone: "Pacific Standard Time" },
        },
      },
    ]);
    // Being out of office is not changed to being busy.
    expect(Object.keys(sent()[1]?.body as object)).toEqual(["isAllDay", "start", "end"]);
  });

  test("whole days are from midnight to midnight of one zone", async () => {
    answering({ POST: json(event, 201) });
    const days = { startsAt: "2026-12-01T00:00:00.000Z", endsAt: "2026-12-03T00:00:00.000Z", isAllDay: true };
    await graph.createEvent({ ...days, timeZone: "America/New_York" });
    await graph.createEvent({ ...days, timeZone: null });
    expect(sent().map(({ body }) => body)).toMatchObject(
      ["Eastern Standard Time", "UTC"].map((timeZone) => ({
        isAllDay: true,
        start: { dateTime: "2026-12-01T00:00:00", timeZone },
        end: { dateTime: "2026-12-03T00:00:00", timeZone },
      })),
    );
  });

  test("every request wants ids that stay", async () => {
    answering({
      GET: (response, request) => {
        (request.url.searchParams.has("$filter") ? json({ value: [] }) : json(event))(response, request);
      },
      POST: json({ error: { code: "ErrorDuplicateTransactionId", message: "canary" } }, 409),
      PATCH: json(event),
      DELETE: (response) => response.writeHead(204).end(),
    });
    expect(await graph.createEvent()).toEqual({ kind: "gone" });
    await graph.updateEvent();
    await graph.deleteEvent();
    expect(graph.server.requests.map(({ method }) => method)).toEqual(["POST", "GET", "GET", "PATCH", "GET", "DELETE"]);
    for (const { headers } of graph.server.requests) {
      expect(headers["prefer"]).toContain('IdType="ImmutableId"');
      expect(headers["prefer"]).toContain('outlook.timezone="UTC"');
    }
  });

  test.each<[string, object]>([
    ["no version", { ...event, "@odata.etag": undefined }],
    ["no id", { ...event, id: undefined }],
  ])("an event with %s is not written to", async (_name, found) => {
    answering({ GET: json(found), PATCH: json(event) });
    expect(await failureOf(graph.updateEvent())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
    expect(sent()).toHaveLength(1);
  });

  test("an answer that is no event neither makes one gone nor ends a deletion", async () => {
    const duplicate = json({ error: { code: "ErrorDuplicateTransactionId", message: "canary" } }, 409);
    answering({ POST: duplicate, GET: json({ value: [{}] }), DELETE: (response) => response.writeHead(204).end() });
    expect(await failureOf(graph.createEvent())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
    expect(await failureOf(graph.deleteEvent())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
  });

  test("an id that would lead elsewhere is not followed", async () => {
    const refusal = { error: { code: "ErrorDuplicateTransactionId", "@event.existingEventId": ".." } };
    answering({ POST: json(refusal, 409), GET: json(event) });
    expect(await failureOf(graph.createEvent())).toMatchObject({ errorCode: "REQUEST_REFUSED" });
    expect(sent()).toHaveLength(1);
  });
});
