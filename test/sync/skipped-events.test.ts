import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { GoogleCalendar } from "../../src/providers/google/calendar.js";
import { MicrosoftCalendar } from "../../src/providers/microsoft/calendar.js";
import type { OpenCalendar, ProviderName } from "../../src/providers/provider.js";
import { quickRetries, TestApp } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: quickRetries });
});

afterEach(() => {
  app.simulator.control.clearFaults();
  jest.restoreAllMocks();
});

afterAll(async () => {
  await app.stop();
});

interface Run {
  status: string;
  createdCount: number;
  cancelledCount: number;
  skippedCount: number;
  skippedEvents: { externalEventId: string | null; reason: string }[];
}

/** The newest run of a connection, as a manager sees it. */
async function newestRun(connectionId: string): Promise<Run | undefined> {
  const query = `query ($id: ID!) { syncRuns(connectionId: $id, first: 1) { nodes {
    status createdCount cancelledCount skippedCount skippedEvents { externalEventId reason } } } }`;
  return (await app.manager<{ syncRuns: { nodes: Run[] } }>(query, { id: connectionId })).syncRuns.nodes[0];
}

async function titlesOf(connectionId: string): Promise<string[]> {
  const rows = await app.sql<{ title: string }>(
    "select title from appointment where connection_id = $1 and status <> 'CANCELLED' order by title",
    [connectionId],
  );
  return rows.map(({ title }) => title);
}

async function resync(connectionId: string): Promise<void> {
  await app.manager("mutation ($id: ID!) { resyncConnection(connectionId: $id) { result { status } } }", {
    id: connectionId,
  });
}

/** Has the provider send a number where these events' titles belong. */
function breakTitles(account: string, title: string): void {
  const replace = { pattern: `"(summary|subject)":"${title}[^"]*"`, with: '"$1":7' };
  app.simulator.control.addFault({ match: { account }, times: null, when: "after", then: { replace } });
}

function forgetSkipped(): void {
  for (const calendar of [GoogleCalendar.prototype, MicrosoftCalendar.prototype]) {
    const spy = jest.spyOn(calendar, "listChanges");
    const list = spy.getMockImplementation();
    spy.mockImplementation(async function (this: OpenCalendar, asked) {
      const page = await list?.call(this, asked);
      if (!page) throw new Error("nothing was listed");
      return { ...page, changes: page.changes.filter(({ kind }) => kind !== "skipped") };
    });
  }
}

describe.each<[ProviderName, string]>([
  ["GOOGLE", "malformed summary"],
  ["MICROSOFT", "malformed subject"],
])("what %s sends and nobody can keep", (provider, reason) => {
  const accountOf = (name: string) => `${name}@${provider.toLowerCase()}.example`;

  test("is skipped and told with its reason, the first 20 of a run, and all else of the page is kept", async () => {
    const account = accountOf("broken");
    const connection = await app.connect(account, "1", provider);
    const kept = addEvent(app.simulator, account, "Whole");
    const broken = Array.from({ length: 22 }, (_, hour) => addEvent(app.simulator, account, `Broken ${hour}`, 2, hour));
    breakTitles(account, "Broken");

    await app.pull(connection);

    const run = await newestRun(connection);
    expect(run).toMatchObject({ status: "SUCCEEDED", createdCount: 1, skippedCount: 22 });
    const ids = broken.map((id) => app.simulator.control.externalEventId(account, id));
    expect(run?.skippedEvents).toHaveLength(20);
    expect(new Set(run?.skippedEvents.map((event) => event.reason))).toEqual(new Set([reason]));
    expect(ids).toEqual(expect.arrayContaining(run?.skippedEvents.map((event) => event.externalEventId) ?? []));
    expect(await titlesOf(connection)).toEqual(["Whole"]);

    app.simulator.control.clearFaults();
    app.simulator.control.deleteEvent(account, kept);
    await resync(connection);
    expect(await newestRun(connection)).toMatchObject({ createdCount: 22, skippedCount: 0, skippedEvents: [] });
    const { stored, provided } = await storedAndProvided(app, connection);
    expect(stored).toEqual(provided);
  });

  test("has no id where it has none that can be stored", async () => {
    const account = accountOf("nameless");
    const connection = await app.connect(account, "1", provider);
    addEvent(app.simulator, account, "Nameless");
    const replace = { pattern: String.raw`"id":"[^"]*"`, with: String.raw`"id":"a\u0000b"` };
    app.simulator.control.addFault({ match: { account, method: "GET" }, when: "after", then: { replace } });
    await app.pull(connection);
    expect(await newestRun(connection)).toMatchObject({
      ...{ status: "SUCCEEDED", skippedCount: 1 },
      skippedEvents: [{ externalEventId: null, reason: "no usable id" }],
    });
  });

  test("stays as it is where it was kept before: a full round does not take it for deleted", async () => {
    const account = accountOf("held");
    const connection = await app.connect(account, "1", provider);
    addEvent(app.simulator, account, "Readable");
    addEvent(app.simulator, account, "Held", 2);
    await app.pull(connection);
    breakTitles(account, "Held");

    await resync(connection);

    expect(await newestRun(connection)).toMatchObject({ status: "SUCCEEDED", cancelledCount: 0, skippedCount: 1 });
    expect(await titlesOf(connection)).toEqual(["Held", "Readable"]);
  });

  test("is found cancelled by this test where rounds forget what they have skipped", async () => {
    const account = accountOf("forgotten");
    const connection = await app.connect(account, "1", provider);
    addEvent(app.simulator, account, "Readable");
    addEvent(app.simulator, account, "Held", 2);
    await app.pull(connection);
    breakTitles(account, "Held");
    forgetSkipped();
    await resync(connection);
    expect(await titlesOf(connection)).toEqual(["Readable"]);
  });

  test("holds up nothing where only its text is one that PostgreSQL refuses: that is cleaned", async () => {
    const account = accountOf("text");
    const connection = await app.connect(account, "1", provider);
    addEvent(app.simulator, account, "nul \0 and half \ud83d of a sign");
    addEvent(app.simulator, account, "Whole", 2);
    await app.pull(connection);
    expect(await newestRun(connection)).toMatchObject({ status: "SUCCEEDED", createdCount: 2, skippedCount: 0 });
    expect(await titlesOf(connection)).toEqual(["nul  and half \ufffd of a sign", "Whole"].sort());
  });
});
