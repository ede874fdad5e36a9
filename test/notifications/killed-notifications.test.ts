import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Failpoint } from "../../src/failpoints.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { noticeLostWorker, violations } from "../faults/lost-workers.js";
import { isLong } from "../support/long.js";
import { until, type TestApp } from "../support/app.js";
import { ServerProcess } from "../support/server-process.js";
import {
  connectWatched,
  editTold,
  liveWatches,
  postGoogle,
  runsOf,
  secretOf,
  startWatchingApp,
  storedChannels,
  titlesOf,
  type StoredChannel,
} from "./watching.js";

jest.setTimeout(120_000);

/** The API and the scheduler; workers come and go. */
let app: TestApp;

beforeAll(async () => {
  app = await startWatchingApp({ environment: { ROLES: "api,scheduler" } });
});
afterAll(() => app.stop());

function server(roles: string, name?: Failpoint): Promise<ServerProcess> {
  const armed = name === undefined ? [] : [{ name, action: "kill" } as const];
  return ServerProcess.start(app, { roles, armed, environment: { PORT: "0" } });
}

/** While a worker is there that nobody kills. */
async function worked(work: () => Promise<unknown>): Promise<void> {
  const worker = await server("worker");
  await work();
  expect(await worker.stop()).toBe(0);
}

/** As an earlier pull has made it. */
async function givenChannel(connectionId: string): Promise<StoredChannel> {
  const [channel] = await app.sql<StoredChannel>(
    `insert into watch_channel (firm_id, id, connection_id, channel_id, resource_id, address, key_version, expires_at)
     values (1, gen_random_uuid(), $1, gen_random_uuid(), 'resource', 'http://127.0.0.1:9', 1, now() + interval '1 day') returning *`,
    [connectionId],
  );
  if (!channel) throw new Error("there is no channel");
  return channel;
}

const deaths: [Failpoint, ProviderName][] = [
  ["channel.made", "GOOGLE"],
  ["channel.made", "MICROSOFT"],
  ["channel.stored", "GOOGLE"],
  ["channel.renewed", "MICROSOFT"],
  ["channel.stopped", "GOOGLE"],
];

test.each(isLong ? deaths : deaths.slice(0, 1))(
  "a worker that dies at %s of %s leaves one that nobody knows at most, and the next one goes on",
  async (name, provider) => {
    const { id, account } = await connectWatched(app, provider);
    const isLater = name === "channel.renewed" || name === "channel.stopped";
    if (isLater) {
      await worked(() => app.pull(id));
      await app.sql(
        "update watch_channel set renewed_at = now() - interval '5 days', expires_at = now() + interval '1 day' where connection_id = $1",
        [id],
      );
    }
    const dying = await server("worker", name);
    await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [id]);
    expect(await dying.ended).toBe("SIGKILL");
    await app.sql("update calendar_connection set next_pull_at = null where id = $1", [id]);
    const [run] = await app.sql<{ id: string }>("select max(id) as id from sync_run where connection_id = $1", [id]);
    await noticeLostWorker(app, String(run?.id));
    await worked(async () => {
      await app.quiet(id);
      const channels = await storedChannels(app, id);
      expect(channels).toHaveLength(1);
      const watches = liveWatches(app, account);
      expect(watches.map((watch) => watch.id)).toContain(channels[0]?.channel_id);
      expect(watches.length).toBeLessThanOrEqual(name === "channel.made" ? 2 : 1);
      await editTold(app, account, "Told");
      await until(async () => (await titlesOf(app, id)).includes("Told"));
      await app.quiet(id);
    });
    expect(await violations(app)).toEqual([]);
  },
);

test.each<[Failpoint, number]>([
  ["notification.in-transaction", 0],
  ["notification.committed", 1],
])("a server that dies at %s has queued %s pulls, and one when the notification comes again", async (name, queued) => {
  const { id } = await connectWatched(app, "GOOGLE");
  const channel = await givenChannel(id);
  const message = {
    secret: secretOf(app, { connectionId: id, id: channel.id }),
    channelId: channel.channel_id,
    number: 9,
  };
  const dying = await server("api", name);
  await expect(postGoogle(app, message, String(dying.url))).rejects.toThrow();
  expect(await dying.ended).toBe("SIGKILL");
  const notified = async () => (await runsOf(app, id)).filter((run) => run === "NOTIFICATION QUEUED").length;
  expect(await notified()).toBe(queued);
  expect(await postGoogle(app, message)).toBe(202);
  expect(await notified()).toBe(1);
});

test("a server that dies while it disconnects leaves a connection that does not rely on a channel", async () => {
  const { id } = await connectWatched(app, "GOOGLE");
  await givenChannel(id);
  const dying = await server("api", "channels.forgotten");
  const query = `mutation { disconnectCalendar(connectionId: ${id}) { id } }`;
  const headers = { authorization: `Bearer ${await app.token("manager")}`, "content-type": "application/json" };
  const asked = fetch(`${String(dying.url)}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
  await expect(asked).rejects.toThrow();
  expect(await dying.ended).toBe("SIGKILL");
  expect(await storedChannels(app, id)).toEqual([]);
  expect(await app.sql("select status from calendar_connection where id = $1", [id])).toEqual([{ status: "ACTIVE" }]);
});
