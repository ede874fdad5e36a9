import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { failingCommand, type FailingCommandOptions } from "../credentials/failing-command.js";
import { violations } from "../faults/lost-workers.js";
import {
  connectWatched,
  givenWatching,
  liveWatches,
  startWatchingApp,
  storedChannels,
} from "../notifications/watching.js";
import type { TestApp } from "../support/app.js";
import { environmentOf, type PlantedFault } from "../support/server-process.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

let app: TestApp;

beforeAll(async () => {
  app = await startWatchingApp();
});
afterEach(() => {
  app.simulator.control.clearFaults();
});
afterAll(() => app.stop());

function erase(connection: string, options: FailingCommandOptions = {}) {
  const args: [string, ...string[]] = ["erase", "--firm", "1", "--connection", connection];
  return failingCommand(app, args, { environment: environmentOf(app), ...options });
}

async function isErased(connection: string): Promise<boolean> {
  const rows = await app.sql("select from calendar_connection where id = $1 and erased_at is not null", [connection]);
  return rows.length === 1;
}

const neverStopped: PlantedFault = {
  file: "src/erase/erase-connection.ts",
  find: "await channels.end(firmId, connectionId);",
  replace: "",
};

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("the channel of a connection of %s", (provider) => {
  test("ends at the provider when the connection is erased", async () => {
    const { id, account } = await givenWatching(app, provider);
    expect(await erase(id)).toMatchObject({ ended: 0 });
    expect(await storedChannels(app, id)).toEqual([]);
    expect(liveWatches(app, account)).toEqual([]);
    expect(await violations(app)).toEqual([]);
  });

  test("does not keep the connection from being erased where the provider is down", async () => {
    const { id, account } = await givenWatching(app, provider);
    app.simulator.control.addFault({ match: { account }, times: null, then: { status: 503, body: "" } });
    const { ended, output } = await erase(id);
    expect(ended).toBe(0);
    expect(output).toContain("the provider has not ended the channels of a connection");
    expect(await isErased(id)).toBe(true);
    expect(await storedChannels(app, id)).toEqual([]);
  });
});

test("a channel goes on where nobody asks the provider to end it", async () => {
  const { id, account } = await givenWatching(app);
  expect(await erase(id, { planted: neverStopped })).toMatchObject({ ended: 0 });
  expect(liveWatches(app, account)).toHaveLength(1);
});

test("a connection whose erasing was killed after its channels were forgotten gets a channel at its next pull, and can be erased", async () => {
  const { id, account } = await givenWatching(app);
  expect(await erase(id, { armed: { name: "channels.forgotten", action: "kill" } })).toMatchObject({
    ended: "SIGKILL",
  });
  expect(await storedChannels(app, id)).toEqual([]);
  expect(await isErased(id)).toBe(false);
  await app.pull(id);
  expect(await storedChannels(app, id)).toHaveLength(1);
  app.simulator.control.world.subscriptions.remove(String(liveWatches(app, account)[0]?.id)); // the one that was forgotten
  expect(await erase(id)).toMatchObject({ ended: 0 });
  expect(liveWatches(app, account)).toEqual([]);
});

test("a provider that is down is asked for three connections of a firm, and no more", async () => {
  const accounts: string[] = [];
  for (let number = 0; number < 5; number += 1) {
    const { id, account } = await connectWatched(app, "GOOGLE", "7");
    await app.pull(id);
    accounts.push(account);
  }
  app.simulator.control.addFault({
    match: { pathRegex: "channels/stop" },
    times: null,
    then: { status: 503, body: "" },
  });
  app.simulator.control.clearRequests();
  const outcome = await failingCommand(app, ["firm", "erase", "--id", "7"], { environment: environmentOf(app) });
  expect(outcome).toMatchObject({ ended: 0 });
  const asked = app.simulator.control.requests().filter(({ url }) => url.includes("channels/stop"));
  expect(asked).toHaveLength(3);
  expect(await app.sql("select from calendar_connection where firm_id = 7 and erased_at is null")).toEqual([]);
});
