import { expect, test } from "@jest/globals";
import type { EventChange, KnownEvent } from "../../src/providers/provider.js";
import { CalendarCopy } from "./calendar-copy.js";
import { account, at, failureOf, fullRound, review, type ContractWorld } from "./contract-world.js";

const standUp = {
  title: "Stand-up",
  start: at("2026-10-20T08:30:00"),
  end: at("2026-10-20T08:45:00"),
  recurrence: ["RRULE:FREQ=DAILY;COUNT=30"],
};

/** What has become of events that are held. */
export function describeSingleEvents(world: ContractWorld): void {
  const held = async (): Promise<KnownEvent[]> => {
    const copy = new CalendarCopy();
    await world.pull(copy);
    return copy.known();
  };
  const ask = async (events: readonly KnownEvent[], calendar = world.openCalendar()): Promise<EventChange[]> =>
    calendar.getEvents({ accessToken: await world.access(), events });

  /** Asks in a calendar that has told a page, and counts the requests of the asking alone. */
  const counted = async (events: readonly KnownEvent[]) => {
    const calendar = world.openCalendar();
    const accessToken = await world.access();
    const range = { kind: "BOUNDED", windowStart: new Date(0), windowEnd: new Date(1) } as const;
    await calendar.listChanges({ accessToken, range, pageToken: null });
    const before = world.requests;
    const changes = await calendar.getEvents({ accessToken, events });
    return { changes, requests: world.requests - before };
  };

  test("an event is told as it is now, wherever it lies", async () => {
    const { id } = world.control.createEvent(account, review);
    const events = await held();
    world.control.updateEvent(account, id, { title: "Moved", start: at("2031-01-01T09:00:00") });
    expect(await ask(events)).toEqual([
      {
        kind: "event",
        event: {
          externalEventId: events[0]?.externalEventId,
          recurringEventId: null,
          title: "Moved",
          isTentative: false,
          startsAt: "2031-01-01T08:00:00.000Z",
          endsAt: "2031-01-01T09:00:00.000Z",
          isAllDay: false,
          timeZone: expect.stringMatching(/^Europe\/(Zurich|Berlin)$/),
          eventKey: null,
        },
      },
    ]);
  });

  test.each(["deleted", "cancelled"] as const)("one that was %s is gone", async (how) => {
    const { id } = world.control.createEvent(account, review);
    const events = await held();
    if (how === "deleted") world.control.deleteEvent(account, id);
    else world.control.cancelEvent(account, id);
    expect(await ask(events)).toEqual([{ kind: "gone", externalEventId: events[0]?.externalEventId }]);
  });

  test("one that has become a series is gone", async () => {
    const { id } = world.control.createEvent(account, review);
    const events = await held();
    world.control.updateEvent(account, id, { recurrence: ["RRULE:FREQ=DAILY;COUNT=5"] });
    expect(await ask(events)).toEqual([{ kind: "gone", externalEventId: events[0]?.externalEventId }]);
  });

  test("a single occurrence is told with what it has from its series, in one request", async () => {
    const { id } = world.control.createEvent(account, standUp);
    const [, , third] = await held();
    world.control.updateEvent(account, id, { title: "Daily", status: "tentative" });
    const { changes, requests } = await counted(third ? [third] : []);
    expect(changes).toMatchObject([
      {
        kind: "event",
        event: {
          externalEventId: third?.externalEventId,
          recurringEventId: third?.recurringEventId,
          title: "Daily",
          isTentative: true,
          startsAt: third?.startsAt.toISOString(),
        },
      },
    ]);
    expect(requests).toBe(1);
  });

  test("a whole series that was renamed takes no request an occurrence", async () => {
    const { id } = world.control.createEvent(account, standUp);
    const events = await held();
    world.control.updateEvent(account, id, { title: "Daily" });
    const { changes, requests } = await counted(events);
    expect(changes).toHaveLength(30);
    expect(changes.every((change) => change.kind === "event" && change.event.title === "Daily")).toBe(true);
    expect(requests).toBeLessThanOrEqual(2);
  });

  test("a whole series that was deleted takes one request", async () => {
    const { id } = world.control.createEvent(account, standUp);
    const events = await held();
    world.control.deleteEvent(account, id);
    const { changes, requests } = await counted(events);
    expect(changes).toHaveLength(30);
    expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(["gone"]));
    expect(requests).toBe(1);
  });

  test("of a series that lives, what was deleted or moved singly is asked for singly", async () => {
    const { id } = world.control.createEvent(account, standUp);
    const events = await held();
    world.control.deleteEvent(account, `${id}_20261021T063000Z`);
    world.control.updateEvent(account, `${id}_20261022T063000Z`, { start: at("2030-10-22T11:00:00") });
    const { changes, requests } = await counted(events);
    expect(changes.filter(({ kind }) => kind === "gone")).toHaveLength(1);
    expect(changes.filter(({ kind }) => kind === "event")).toHaveLength(29);
    expect(changes.some((change) => change.kind === "event" && change.event.startsAt.startsWith("2030"))).toBe(true);
    expect(requests).toBeLessThanOrEqual(4);
  });

  test("nothing asked is nothing told, without a request", async () => {
    expect((await counted([])).requests).toBe(0);
  });

  test("in a calendar that is not there any more is a failure, not a removal", async () => {
    const { control } = world;
    control.addCalendar({ account, id: "second", name: "Second", timeZone: "UTC" });
    control.createEvent(account, review, "second");
    control.createEvent(account, standUp, "second");
    const open = world.opener(account, "second");
    const copy = new CalendarCopy();
    const accessToken = await world.access();
    copy.apply(await open().listChanges({ accessToken, range: fullRound, pageToken: null }));
    control.removeCalendar(account, "second");
    for (const events of [copy.known(), copy.known().slice(0, 1)]) {
      expect(await failureOf(ask(events, open()))).toMatchObject({
        errorCode: "CALENDAR_NOT_FOUND",
        action: { kind: "REVOKE", reason: "CALENDAR_NOT_FOUND" },
      });
    }
  });

  test.each([
    [{ status: 503 }, "PROVIDER_UNAVAILABLE"],
    [{ truncate: true }, "MALFORMED_ANSWER"],
    [{ destroy: true }, "CONNECTION_ERROR"],
  ] as const)("after %j is a failure, not a removal", async (then, errorCode) => {
    world.control.createEvent(account, standUp);
    const events = await held();
    for (const asked of [events, events.slice(0, 1)]) {
      world.control.addFault({ match: { pathRegex: "/events/" }, then, when: "after" });
      expect(await failureOf(ask(asked))).toMatchObject({ errorCode });
    }
  });
}
