import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { violations } from "../faults/lost-workers.js";
import type { TestApp } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import {
  editTold,
  givenWatching,
  liveWatches,
  runsOf,
  seesAnEdit,
  startWatchingApp,
  storedChannels,
  titlesOf,
} from "./watching.js";

jest.setTimeout(120_000);

let app: TestApp;

beforeAll(async () => {
  app = await startWatchingApp();
});
afterEach(() => {
  app.simulator.control.clearFaults();
  app.simulator.control.setScenario({});
});
afterAll(() => app.stop());

/** The last quarter of its life begins. */
async function letEnd(id: string): Promise<void> {
  await app.sql(
    "update watch_channel set renewed_at = now() - interval '5 days', expires_at = now() + interval '1 day' where connection_id = $1",
    [id],
  );
}

const channelPath: Record<ProviderName, string> = { GOOGLE: "/events/watch", MICROSOFT: "/subscriptions" };

describe.each<[ProviderName]>([["GOOGLE"], ["MICROSOFT"]])("a connection of %s", (provider) => {
  test("has a channel after its first pull, over which an edit comes at once, and no second one after the next pulls", async () => {
    const watching = await givenWatching(app, provider);
    await seesAnEdit(app, watching, "Told");
    await app.pull(watching.id);
    expect(await storedChannels(app, watching.id)).toMatchObject([{ id: watching.channel.id }]);
    expect(liveWatches(app, watching.account)).toMatchObject([{ id: watching.channel.channel_id }]);
    expect(await runsOf(app, watching.id)).toEqual([
      "SCHEDULE SUCCEEDED",
      "NOTIFICATION SUCCEEDED",
      "SCHEDULE SUCCEEDED",
    ]);
    expect(await violations(app)).toEqual([]);
  });

  test("has its channel renewed in the last quarter of its life, and is told all the while", async () => {
    const watching = await givenWatching(app, provider);
    await letEnd(watching.id);
    await app.pull(watching.id);
    const [renewed, ...others] = await storedChannels(app, watching.id);
    expect(others).toEqual([]);
    expect(renewed?.id === watching.channel.id).toBe(provider === "MICROSOFT");
    const [{ ahead } = { ahead: 0 }] = await app.sql<{ ahead: number }>(
      "select extract(epoch from expires_at - now())::float8 / 86400 as ahead from watch_channel where connection_id = $1",
      [watching.id],
    );
    expect(ahead).toBeGreaterThan(5);
    expect(liveWatches(app, watching.account)).toMatchObject([{ id: renewed?.channel_id }]);
    await seesAnEdit(app, watching, "Told still");
  });

  test("gets a new channel where the provider has lost the one that was to be renewed", async () => {
    const watching = await givenWatching(app, provider);
    app.simulator.control.world.subscriptions.remove(watching.channel.channel_id);
    await letEnd(watching.id);
    await app.pull(watching.id);
    expect(await storedChannels(app, watching.id)).toHaveLength(1);
    await seesAnEdit(app, watching, "Told again");
  });

  test("is pulled as before where the provider makes no channel, which is asked for again an hour later", async () => {
    const account = `refused-${provider}@example.com`;
    const id = await app.connect(account, "1", provider);
    addEvent(app.simulator, account, "Pulled");
    app.simulator.control.addFault({
      match: { account, pathRegex: channelPath[provider], method: "POST" },
      times: null,
      then: { status: 403, body: {} },
    });
    await app.pull(id);
    expect(await titlesOf(app, id)).toEqual(["Pulled"]);
    app.simulator.control.clearFaults();
    await app.pull(id);
    expect(await storedChannels(app, id)).toEqual([]);
    expect(await runsOf(app, id)).toEqual(["SCHEDULE SUCCEEDED", "SCHEDULE SUCCEEDED"]);
    await app.sql("update calendar_connection set watch_refused_until = now() where id = $1", [id]);
    await app.pull(id);
    expect(await storedChannels(app, id)).toHaveLength(1);
  });

  test("finds by a pull what no notification has told", async () => {
    const watching = await givenWatching(app, provider);
    app.simulator.control.setScenario({ notificationLoss: 1 });
    await editTold(app, watching.account, "Untold");
    expect(await titlesOf(app, watching.id)).toEqual([]);
    await app.pull(watching.id);
    expect(await titlesOf(app, watching.id)).toEqual(["Untold"]);
  });

  test("has no channel any more when it is disconnected, here and at the provider", async () => {
    const { id, account } = await givenWatching(app, provider);
    await app.manager("mutation ($id: ID!) { disconnectCalendar(connectionId: $id) { id } }", { id });
    expect(await storedChannels(app, id)).toEqual([]);
    expect(liveWatches(app, account)).toEqual([]);
    expect(await violations(app)).toEqual([]);
  });

  test("is disconnected though the provider does not end its channel", async () => {
    const { id, account } = await givenWatching(app, provider);
    app.simulator.control.addFault({
      match: { account, pathRegex: "stop|subscriptions" },
      times: null,
      then: { status: 503, body: "" },
    });
    await app.manager("mutation ($id: ID!) { disconnectCalendar(connectionId: $id) { id } }", { id });
    expect(await storedChannels(app, id)).toEqual([]);
    await editTold(app, account, "Nobody's");
    expect(await runsOf(app, id)).toEqual(["SCHEDULE SUCCEEDED"]);
    expect(await violations(app)).toEqual([]);
  });

  test("has no channel any more when its account has taken its access back", async () => {
    const { id, account } = await givenWatching(app, provider);
    app.simulator.control.setRevoked(account, true);
    await app.pull(id);
    expect(await storedChannels(app, id)).toEqual([]);
    expect(await violations(app)).toEqual([]);
  });
});

test("a channel that leads to another address is replaced, one at a time", async () => {
  const watching = await givenWatching(app);
  await app.sql(
    "update watch_channel set address = 'https://earlier.example.com/notifications/google' where connection_id = $1",
    [watching.id],
  );
  await app.pull(watching.id);
  const channels = await storedChannels(app, watching.id);
  expect(channels).toHaveLength(1);
  expect(channels[0]?.id).not.toBe(watching.channel.id);
  expect(liveWatches(app, watching.account)).toMatchObject([{ id: channels[0]?.channel_id }]);
});
