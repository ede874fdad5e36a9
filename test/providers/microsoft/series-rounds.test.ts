import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { ChangePage, EventChange, OpenCalendar } from "../../../src/providers/provider.js";
import { failureOf } from "../contract-world.js";
import { json, type AnswerRequest } from "../provider-server.js";
import { fullRound, window, type ProviderUnderTest } from "../provider-under-test.js";
import { fullOccurrence, meeting, occurrence, removed, series } from "./graph-events.js";
import { cursor, graphPage, sinceCursor, startMicrosoftUnderTest } from "./microsoft-under-test.js";

let graph: ProviderUnderTest;
beforeAll(async () => {
  graph = await startMicrosoftUnderTest();
});
afterAll(() => graph.close());

/** What the server answers with, by the end of a request's path; a 404 for all else. */
let resources: Record<string, unknown>;
beforeEach(() => {
  resources = {};
  graph.server.requests.length = 0;
  graph.server.answer = (response, request) => {
    const path = decodeURIComponent(`${request.url.pathname}${request.url.search}`);
    const found = Object.keys(resources).find((part) => path.includes(part));
    const answer: AnswerRequest =
      found === undefined ? json({ error: { code: "ErrorItemNotFound", message: "" } }, 404) : json(resources[found]);
    answer(response, request);
  };
});

const paths = () => graph.server.requests.map(({ url }) => decodeURIComponent(url.pathname.replace("/v1.0/me/", "")));
const token = (page: number) => `me/calendarView/delta?$skiptoken=page${page}`;
const round = (...pages: unknown[][]) => {
  pages.forEach((value, index) => {
    const links = index === pages.length - 1 ? { delta: cursor } : { next: token(index + 2) };
    resources[index === 0 ? "delta?start" : `skiptoken=page${index + 1}`] = graphPage(graph.server.url, value, links);
  });
};
const later = (...value: unknown[]) => {
  resources["deltatoken=since"] = graphPage(graph.server.url, value, { delta: cursor });
};
const master = (found: unknown) => {
  resources[`calendar/events/${series.id}?`] = found;
};
const instances = (...value: unknown[]) => {
  resources[`calendar/events/${series.id}/instances?`] = { value };
};
const open = (): OpenCalendar =>
  graph.provider.openCalendar("primary", { signal: new AbortController().signal, onRequest: () => undefined });

async function pulled(calendar = open()): Promise<ChangePage[]> {
  const pages = [await calendar.listChanges(fullRound)];
  for (;;) {
    const pageToken = pages.at(-1)?.nextPageToken ?? null;
    if (pageToken === null) return pages;
    pages.push(await calendar.listChanges({ ...fullRound, pageToken }));
  }
}

/** Ids and titles, or what else is told. */
const told = ({ changes }: ChangePage) =>
  changes.map((change: EventChange) =>
    change.kind === "event"
      ? `${change.event.externalEventId} ${change.event.title}`
      : `${change.externalEventId ?? ""} ${change.kind}`,
  );
const named = (day: number, title = "Stand-up") => `${occurrence(day).id} ${title}`;

describe("a full round", () => {
  test("joins occurrences with the series of their page, which is no event itself", async () => {
    round([occurrence(1), series, occurrence(2), meeting]);
    const [page] = await pulled();
    expect(page && told(page).sort()).toEqual([`${meeting.id} Review`, named(1), named(2)]);
    expect(paths()).toHaveLength(1);
  });

  test("joins occurrences with a series of an earlier page", async () => {
    round([series, occurrence(1)], [occurrence(2)]);
    expect((await pulled()).map(told)).toEqual([[named(1)], [named(2)]]);
    expect(paths()).toHaveLength(2);
  });

  test("lets occurrences wait for a series of a later page, and would go on before them if it were interrupted", async () => {
    round([meeting], [occurrence(1)], [meeting], [series, occurrence(2)], []);
    const pages = await pulled();
    expect(pages.map(told)).toEqual([[`${meeting.id} Review`], [], [`${meeting.id} Review`], [named(1), named(2)], []]);
    expect(pages.map(({ resumePageToken }) => resumePageToken)).toEqual([token(2), token(2), token(2), token(5), null]);
    expect(paths()).toHaveLength(5);
  });

  test("that was interrupted goes on in another attempt and loses none", async () => {
    round([occurrence(1)], [occurrence(2)], [series]);
    const first = await open().listChanges(fullRound);
    expect([told(first), first.resumePageToken]).toEqual([[], null]);
    const pages = await pulled();
    expect(pages.flatMap(told)).toEqual([named(1), named(2)]);
  });

  test("fetches a series that it never tells, once, whatever occurrences it has", async () => {
    round([occurrence(1), occurrence(2)], [occurrence(3)]);
    master(series);
    const pages = await pulled();
    expect(pages.map(told)).toEqual([[], [named(1), named(2), named(3)]]);
    expect(paths()).toEqual(["calendarView/delta", "calendarView/delta", `calendar/events/${series.id}`]);
  });

  test("removes occurrences of a series that is gone", async () => {
    round([occurrence(1)]);
    resources["me/calendar?"] = { id: "x" };
    expect((await pulled()).map(told)).toEqual([[`${occurrence(1).id} removed`]]);
  });

  test("removes the occurrences of a series that was called off", async () => {
    round([occurrence(1)], [{ ...series, isCancelled: true }, occurrence(2)]);
    expect((await pulled()).flatMap(told).sort()).toEqual([
      `${series.id} removed`,
      `${occurrence(1).id} removed`,
      `${occurrence(2).id} removed`,
    ]);
  });

  test("takes the last of what it tells of an occurrence, also when an earlier one still waits", async () => {
    const exception = { ...fullOccurrence(1, "Special"), type: "exception" };
    round([occurrence(1), occurrence(2)], [exception, removed(occurrence(2).id)], [series]);
    expect((await pulled()).map(told)).toEqual([[], [named(1, "Special"), `${occurrence(2).id} missing`], []]);
  });

  test("that fails at a series may be repeated at the same page and loses none", async () => {
    round([occurrence(1)], [occurrence(2)]);
    const calendar = open();
    const { nextPageToken: pageToken } = await calendar.listChanges(fullRound);
    resources[`calendar/events/${series.id}?`] = "no event";
    const { answer } = graph.server;
    graph.server.answer = (response, request) => {
      if (request.url.pathname.includes("/events/")) json({}, 503)(response, request);
      else answer(response, request);
    };
    expect(await failureOf(calendar.listChanges({ ...fullRound, pageToken }))).toMatchObject({
      errorCode: "PROVIDER_UNAVAILABLE",
    });
    graph.server.answer = answer;
    master(series);
    expect(told(await calendar.listChanges({ ...fullRound, pageToken }))).toEqual([named(1), named(2)]);
  });

  test("begun anew in the same attempt knows nothing of the one before", async () => {
    round([occurrence(1)], []);
    const calendar = open();
    await calendar.listChanges(fullRound);
    round([meeting]);
    expect((await pulled(calendar)).map(told)).toEqual([[`${meeting.id} Review`]]);
  });
});

describe("a later round", () => {
  const changes = () => open().listChanges({ ...fullRound, range: sinceCursor });

  test("that tells a series alone reads its occurrences, and calls missing what is held besides", async () => {
    later({ ...series, subject: "Daily" });
    instances(fullOccurrence(1, "Daily"), fullOccurrence(2, "Daily"));
    expect(told(await changes())).toEqual([`${series.id} missing`, named(1, "Daily"), named(2, "Daily")]);
    const [, asked] = graph.server.requests;
    expect(asked?.url.searchParams.get("startDateTime")).toBe("2025-12-31T23:59:59.000Z");
    expect(asked?.url.searchParams.get("endDateTime")).toBe("2027-01-01T00:00:00.000Z");
  });

  test("believes what was read last: an occurrence told but deleted since is not told", async () => {
    later(series, occurrence(1), occurrence(2));
    instances(fullOccurrence(2));
    expect(told(await changes())).toEqual([`${series.id} missing`, named(2)]);
  });

  test("reads occurrences over all their pages", async () => {
    later(series);
    const next = `${graph.server.url}v1.0/me/calendar/events/${series.id}/more`;
    resources[`calendar/events/${series.id}/instances?`] = { value: [fullOccurrence(1)], "@odata.nextLink": next };
    resources[`events/${series.id}/more`] = { value: [fullOccurrence(2)] };
    expect(told(await changes())).toEqual([`${series.id} missing`, named(1), named(2)]);
  });

  test("whose series' occurrences never end fails", async () => {
    later(series);
    const next = `${graph.server.url}v1.0/me/calendar/events/${series.id}/instances?again`;
    resources[`calendar/events/${series.id}/instances?`] = { value: [], "@odata.nextLink": next };
    expect(await failureOf(changes())).toMatchObject({ errorCode: "PAGE_TOKEN_REPEATED" });
  });

  test("whose series is gone by now removes it", async () => {
    later(series);
    expect(told(await changes())).toEqual([`${series.id} removed`]);
  });

  test("that tells an occurrence alone fetches its series", async () => {
    later(occurrence(1));
    master(series);
    expect(told(await changes())).toEqual([named(1)]);
  });

  test("reads no occurrences of a series that was called off", async () => {
    later({ ...series, isCancelled: true });
    expect(told(await changes())).toEqual([`${series.id} removed`]);
    expect(paths()).toHaveLength(1);
  });
});

describe("events that are held", () => {
  const known = (day: number) => ({
    externalEventId: occurrence(day).id,
    recurringEventId: series.id,
    startsAt: new Date(`2026-03-0${day}T00:30:00Z`),
    endsAt: new Date(`2026-03-0${day}T01:30:00Z`),
  });

  test("a single occurrence told without anything but its times is joined with its series", async () => {
    resources[`calendar/events/${occurrence(1).id}?`] = occurrence(1);
    master(series);
    expect(await graph.getEvents(known(1))).toMatchObject([{ kind: "event", event: { title: "Stand-up" } }]);
    expect(paths()).toHaveLength(2);
  });

  test("occurrences of what is no series any more are asked for singly", async () => {
    const { answer } = graph.server;
    graph.server.answer = (response, request) => {
      const isInstances = request.url.pathname.endsWith("/instances");
      if (isInstances) json({ error: { code: "ErrorInvalidRequest", message: "" } }, 400)(response, request);
      else answer(response, request);
    };
    resources["me/calendar?"] = { id: "x" };
    const changes = await graph.getEvents(known(1), known(2));
    expect(changes.map(({ kind }) => kind)).toEqual(["gone", "gone"]);
  });

  test("are not gone while their calendar cannot be reached", async () => {
    expect(await failureOf(graph.getEvents(known(1)))).toMatchObject({
      errorCode: "CALENDAR_NOT_FOUND",
      action: { kind: "REVOKE" },
    });
    expect(await failureOf(graph.getEvents(known(1), known(2)))).toMatchObject({ errorCode: "CALENDAR_NOT_FOUND" });
  });

  test("are asked for in their calendar, whatever their ids hold", async () => {
    resources["me/calendar?"] = { id: "x" };
    const event = { ...known(1), externalEventId: "a/../b?c#d%2F", recurringEventId: null };
    await graph.getEvents(event);
    expect(graph.server.requests[0]?.url.pathname).toBe("/v1.0/me/calendar/events/a%2F..%2Fb%3Fc%23d%252F");
  });
});

test("a bounded round joins what it is told without a title", async () => {
  resources["me/calendarView?"] = { value: [fullOccurrence(1), occurrence(2)] };
  master(series);
  const page = await open().listChanges({ ...fullRound, range: { kind: "BOUNDED", ...window } });
  expect(told(page)).toEqual([named(1), named(2)]);
});
