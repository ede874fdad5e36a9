import type { ChannelPlace } from "../../src/notifications/notification-secret.js";
import { NotificationSecrets } from "../../src/notifications/notification-secret.js";
import { choosePort } from "../../src/database/embedded/free-port.js";
import type { ProviderName } from "../../src/providers/provider.js";
import type { Watch as SimulatedWatch } from "../../src/simulator/notifications/subscriptions.js";
import { TestApp, until, type TestAppOptions } from "../support/app.js";
import { addEvent } from "../support/calendar.js";

/** The whole server at an address that the simulated providers know and reach. */
export async function startWatchingApp(options: TestAppOptions = {}): Promise<TestApp> {
  const port = String(await choosePort(null));
  const environment = { PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}`, ...options.environment };
  return TestApp.start({ ...options, environment });
}

export interface StoredChannel {
  id: string;
  channel_id: string;
  resource_id: string | null;
  last_message: string;
  wants_renewal: boolean;
  expires_at: Date;
}

export function storedChannels(app: TestApp, connectionId: string): Promise<StoredChannel[]> {
  return app.sql<StoredChannel>("select * from watch_channel where connection_id = $1 order by renewed_at", [
    connectionId,
  ]);
}

/** What the simulated provider would tell of an account's calendars. */
export function liveWatches(app: TestApp, account: string): SimulatedWatch[] {
  return app.simulator.control.world.subscriptions.all().filter((watch) => watch.account === account);
}

export interface Watching {
  account: string;
  id: string;
  channel: StoredChannel;
}

let accounts = 0;

/** A connection that has no channel before its first pull; nothing is scheduled. */
export async function connectWatched(
  app: TestApp,
  provider: ProviderName,
  firmId = "1",
): Promise<Omit<Watching, "channel">> {
  const account = `watched-${(accounts += 1)}@example.com`;
  return { account, id: await app.connect(account, firmId, provider) };
}

/** A connection that has been pulled once, and so has a channel; nothing is scheduled. */
export async function givenWatching(app: TestApp, provider: ProviderName = "GOOGLE"): Promise<Watching> {
  const { account, id } = await connectWatched(app, provider);
  await app.pull(id);
  const [channel] = await storedChannels(app, id);
  if (!channel) throw new Error("the pull has made no channel");
  return { account, id, channel };
}

/** Adds an event of which the provider tells, or would if the message were not lost. */
export async function editTold(app: TestApp, account: string, title: string): Promise<void> {
  const messages = () => liveWatches(app, account).map((watch) => watch.messages);
  const before = messages();
  addEvent(app.simulator, account, title);
  await until(() => Promise.resolve(messages().every((count, index) => count > (before[index] ?? 0))));
}

/** Titles of what is stored. */
export async function titlesOf(app: TestApp, connectionId: string): Promise<string[]> {
  const rows = await app.sql<{ title: string }>(
    "select title from appointment where connection_id = $1 and status <> 'CANCELLED' order by title",
    [connectionId],
  );
  return rows.map(({ title }) => title);
}

/** Somebody adds an event at the provider; resolves when it is here, which no schedule has brought. */
export async function seesAnEdit(app: TestApp, { account, id }: Watching, title: string): Promise<void> {
  addEvent(app.simulator, account, title);
  await until(async () => (await titlesOf(app, id)).includes(title));
  await app.quiet(id);
}

/** `trigger status` of the connection's runs, in order. */
export async function runsOf(app: TestApp, connectionId: string): Promise<string[]> {
  const rows = await app.sql<{ run: string }>(
    "select trigger || ' ' || status as run from sync_run where connection_id = $1 order by id",
    [connectionId],
  );
  return rows.map(({ run }) => run);
}

/** The secret of a connection's channel, as the server makes it. */
export function secretOf(app: TestApp, place: Partial<ChannelPlace> & { id: string; connectionId: string }): string {
  return new NotificationSecrets(app.config.credentialKeys).secretFor({ provider: "GOOGLE", firmId: "1", ...place });
}

export interface GoogleMessage {
  secret: string;
  channelId: string;
  number: number | string;
  state?: string;
}

/** Posts what Google would. Returns the status of the answer. */
export async function postGoogle(app: TestApp, message: GoogleMessage, url = app.url): Promise<number> {
  const { secret, channelId, number, state = "exists" } = message;
  const headers = {
    "x-goog-channel-token": secret,
    "x-goog-channel-id": channelId,
    "x-goog-message-number": String(number),
    "x-goog-resource-state": state,
  };
  return (await fetch(`${url}/notifications/google`, { method: "POST", headers })).status;
}

/** Posts what Graph would. Returns the status of the answer. */
export async function postGraph(app: TestApp, value: unknown, path = "microsoft"): Promise<number> {
  const body = JSON.stringify(value);
  const headers = { "content-type": "application/json" };
  return (await fetch(`${app.url}/notifications/${path}`, { method: "POST", headers, body })).status;
}

export function graphChange(secret: string, subscriptionId: string, etag: string): object {
  const resource = "Users/1/Events/2";
  const resourceData = { "@odata.type": "#Microsoft.Graph.Event", "@odata.etag": etag, id: "2" };
  return { subscriptionId, clientState: secret, changeType: "updated", resource, resourceData };
}
