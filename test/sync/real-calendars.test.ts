import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { demoCalendars, microsoftDemoCalendars } from "../../src/simulator/demo-calendars.js";
import { StateError } from "../../src/simulator/state-error.js";
import { violations } from "../faults/lost-workers.js";
import { quickRetries, TestApp } from "../support/app.js";
import { isLong } from "../support/long.js";
import { storedAndProvided } from "../support/stored.js";

/** Calendars with thousands of occurrences, on a busy machine. */
jest.setTimeout(180_000);

const editsAtOnce = 30;
const hourMs = 60 * 60 * 1000;

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: quickRetries });
  app.simulator.control.fill("google", await demoCalendars());
  app.simulator.control.fill("microsoft", microsoftDemoCalendars());
});

afterAll(async () => {
  expect(await violations(app)).toEqual([]);
  await app.stop();
});

/** Numbers from 0 to 1 that are the same each time (a linear congruential generator, Numerical Recipes). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What the calendar's user does: events and single occurrences are renamed, moved and deleted, series renamed, events made. */
function edit(account: string, random: () => number): void {
  const { control } = app.simulator;
  const now = Date.now();
  const occurrences = control.occurrences(account, new Date(now - 20 * 24 * hourMs), new Date(now + 300 * 24 * hourMs));
  const occurrence = occurrences[Math.floor(random() * occurrences.length)];
  const series = control.calendar(account).events.filter(({ kind }) => kind === "series");
  const one = series[Math.floor(random() * series.length)];
  if (!occurrence || !one) throw new Error(`${account} has too little in its calendar`);
  const deeds = [
    () => control.updateEvent(account, occurrence.id, { title: `Renamed ${random()}` }),
    () => control.updateEvent(account, occurrence.id, movedBy(occurrence, random)),
    () => control.deleteEvent(account, occurrence.id),
    () => control.updateEvent(account, one.id, { title: `Series ${random()}` }),
    () => {
      const start = { dateTime: new Date(now + random() * 200 * 24 * hourMs).toISOString() };
      return control.createEvent(account, { title: "New", start, end: start });
    },
  ];
  try {
    deeds[Math.floor(random() * deeds.length)]?.();
  } catch (error) {
    if (!(error instanceof StateError)) throw error; // the calendar does not take it: an occurrence would pass its neighbour
  }
}

function movedBy({ startsAt, isAllDay }: { startsAt: string; isAllDay: boolean }, random: () => number) {
  const start = new Date(Date.parse(startsAt) + Math.ceil(random() * 3) * (isAllDay ? 24 : 1) * hourMs).toISOString();
  return { start: isAllDay ? { date: start.slice(0, 10) } : { dateTime: start } };
}

async function expectEqual(connection: string): Promise<void> {
  const { stored, provided } = await storedAndProvided(app, connection);
  expect(stored).toEqual(provided);
  expect(stored.length).toBeGreaterThan(50);
  expect(new Set(stored.map((line) => line.split("|")[0])).size).toBe(stored.length);
}

/** A pull that fails until its retries are used up, and is replayed by a manager once the provider is well again. */
async function failAndReplay(account: string, connection: string): Promise<void> {
  app.simulator.control.addFault({
    match: { account, pathRegex: "events|calendarView" },
    times: null,
    then: { status: 503 },
  });
  await app.pull(connection);
  app.simulator.control.clearFaults();
  const query = "query ($id: ID!) { failedAttempts(connectionId: $id, includeExhausted: true) { nodes { id } } }";
  const { failedAttempts } = await app.manager<{ failedAttempts: { nodes: { id: string }[] } }>(query, {
    id: connection,
  });
  const replay = "mutation ($id: ID!) { replayAttempt(attemptId: $id, waitSeconds: 20) { result { status } } }";
  const replayed = await app.manager(replay, { id: failedAttempts.nodes[0]?.id });
  expect(replayed).toEqual({ replayAttempt: { result: { status: "SUCCESS" } } });
}

/** Provider, account and seed of the edits. */
const some: [ProviderName, string, number][] = [
  ["GOOGLE", "feeds@example.com", 2],
  ["MICROSOFT", "office@example.org", 4],
];
const large: typeof some = [
  ["GOOGLE", "town@example.com", 1],
  ["GOOGLE", "centre@example.com", 3],
  ["MICROSOFT", "school@example.org", 5],
];

describe.each(isLong ? [...some, ...large] : some)("the real calendar of %s, %s", (provider, account, seed) => {
  test("is the same here after edits, after its cursor has expired, and after a replay", async () => {
    const random = randomNumbers(seed);
    const edits = (): void => {
      for (let count = 0; count < editsAtOnce; count += 1) edit(account, random);
    };
    const connection = await app.connect(account, "1", provider);
    await app.pull(connection);
    await expectEqual(connection);
    edits();
    await app.pull(connection);
    await expectEqual(connection);
    edits();
    app.simulator.control.expireSyncTokens(account);
    await app.pull(connection);
    await expectEqual(connection);
    edits();
    await failAndReplay(account, connection);
    await expectEqual(connection);
  });
});
