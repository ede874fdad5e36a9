import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { pino } from "pino";
import { MessageOrder } from "../../src/notifications/message-order.js";
import { NotificationSecrets } from "../../src/notifications/notification-secret.js";
import { violations } from "../faults/lost-workers.js";
import { until, type TestApp } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import {
  givenWatching,
  graphChange,
  liveWatches,
  postGoogle,
  postGraph,
  runsOf,
  secretOf,
  startWatchingApp,
  storedChannels,
  titlesOf,
  type Watching,
} from "./watching.js";

jest.setTimeout(120_000);

const lines: string[] = [];
let app: TestApp;

beforeAll(async () => {
  app = await startWatchingApp({ log: pino({ level: "info" }, { write: (line: string) => lines.push(line) }) });
});
afterEach(() => {
  app.simulator.control.clearFaults();
  jest.restoreAllMocks();
});
afterAll(() => app.stop());

/** What the log has told of notifications since the last time. */
function toldOutcomes(): unknown[] {
  const told = lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
  return told.filter(({ msg }) => String(msg).startsWith("notification")).map(({ outcome }) => outcome);
}

/** A message that would be believed, but for what is said. */
function messageOf({ id: connectionId, channel }: Watching, changes: object = {}) {
  const secret = secretOf(app, { connectionId, id: channel.id });
  return { secret, channelId: channel.channel_id, number: 7, ...changes };
}

function graphSecretOf({ id: connectionId, channel }: Watching): string {
  return secretOf(app, { provider: "MICROSOFT", connectionId, id: channel.id });
}

/** Resolves when the runs have come to rest, and forgets what the log has told. */
async function settle({ id }: Watching): Promise<string[]> {
  await app.quiet(id);
  toldOutcomes();
  return runsOf(app, id);
}

/** Ways to be believed that must all fail. */
function forgeries(watching: Watching): Record<string, object> {
  const { secret } = messageOf(watching);
  const other = (place: object) => ({
    secret: secretOf(app, { connectionId: watching.id, id: watching.channel.id, ...place }),
  });
  const [version, firm, connection, id, code = ""] = secret.split(".");
  const written = (parts: unknown[]) => ({ secret: parts.join(".") });
  const flipped = (code.startsWith("A") ? "B" : "A") + code.slice(1);
  return {
    "no code": written([version, firm, connection, id, ""]),
    "another code": written([version, firm, connection, id, flipped]),
    "another firm": written([version, "2", connection, id, code]),
    "another connection": written([version, firm, String(Number(connection) + 1), id, code]),
    "another channel": written([version, firm, connection, crypto.randomUUID(), code]),
    "another key": written(["2", firm, connection, id, code]),
    "the other provider's": other({ provider: "MICROSOFT" }),
    "a long one": written([version, firm, connection, id, code + "A".repeat(400)]),
    "an id beyond all ids": written([version, "9".repeat(19), connection, id, code]),
    "an empty one": { secret: "" },
  };
}

/** Which forgeries were believed. */
async function believed(watching: Watching): Promise<string[]> {
  const statuses: [string, number][] = [];
  for (const [what, changes] of Object.entries(forgeries(watching)))
    statuses.push([what, await postGoogle(app, messageOf(watching, changes))]);
  return statuses.filter(([, status]) => status !== 403).map(([what]) => what);
}

describe("a notification of Google's", () => {
  test("that is forged is refused", async () => {
    const watching = await givenWatching(app);
    const before = await settle(watching);
    expect(await believed(watching)).toEqual([]);
    expect(new Set(toldOutcomes())).toEqual(new Set(["FORGED"]));
    expect(await runsOf(app, watching.id)).toEqual(before);
  });

  test("that is forged is noticed to be believed where the code is not compared", async () => {
    const watching = await givenWatching(app);
    await settle(watching);
    jest.spyOn(NotificationSecrets.prototype, "isCodeOf").mockReturnValue(true);
    expect(await believed(watching)).toContain("another code");
    await settle(watching);
  });

  test("queues a pull once, however often it comes", async () => {
    const watching = await givenWatching(app);
    const before = await settle(watching);
    expect(await postGoogle(app, messageOf(watching))).toBe(202);
    await app.quiet(watching.id);
    for (const number of [7, 7, 3]) expect(await postGoogle(app, messageOf(watching, { number }))).toBe(202);
    expect(toldOutcomes()).toEqual(["QUEUED", "REPLAYED", "REPLAYED", "REPLAYED"]);
    await app.quiet(watching.id);
    expect(await runsOf(app, watching.id)).toEqual([...before, "NOTIFICATION SUCCEEDED"]);
    expect(await violations(app)).toEqual([]);
  });

  test("is noticed to be pulled again where a replay is not seen", async () => {
    const watching = await givenWatching(app);
    const before = await settle(watching);
    jest
      .spyOn(MessageOrder.prototype, "noteNew")
      .mockImplementation((_unit, _id, identities) => Promise.resolve(identities.length));
    for (let times = 0; times < 2; times += 1) {
      await postGoogle(app, messageOf(watching));
      await app.quiet(watching.id);
    }
    expect(toldOutcomes()).toEqual(["QUEUED", "QUEUED"]);
    expect(await runsOf(app, watching.id)).toHaveLength(before.length + 2);
  });

  test("that says that the channel works is acknowledged, and no more", async () => {
    const watching = await givenWatching(app);
    const before = await settle(watching);
    expect(await postGoogle(app, messageOf(watching, { state: "sync", number: 1 }))).toBe(202);
    expect(toldOutcomes()).toEqual(["CREATED"]);
    expect(await runsOf(app, watching.id)).toEqual(before);
  });

  test.each<[string, object, number]>([
    ["no state", { state: "" }, 400],
    ["a state of its own", { state: "moved" }, 400],
    ["a number that is none", { number: "seven" }, 400],
    ["a number beyond all numbers", { number: "9".repeat(30) }, 400],
  ])("with %s is refused", async (_what, changes, status) => {
    const watching = await givenWatching(app);
    expect(await postGoogle(app, messageOf(watching, changes))).toBe(status);
  });

  test("of a channel that is no more, or of another one, is dropped", async () => {
    const watching = await givenWatching(app);
    const before = await settle(watching);
    const gone = crypto.randomUUID();
    const secret = secretOf(app, { connectionId: watching.id, id: gone });
    expect(await postGoogle(app, { secret, channelId: gone, number: 2 })).toBe(202);
    expect(await postGoogle(app, messageOf(watching, { channelId: gone }))).toBe(202);
    expect(toldOutcomes()).toEqual(["UNKNOWN", "UNKNOWN"]);
    expect(await runsOf(app, watching.id)).toEqual(before);
  });

  test("of a paused connection is dropped; once it is resumed it is told again", async () => {
    const watching = await givenWatching(app);
    await app.manager("mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }", { id: watching.id });
    await settle(watching);
    expect(await postGoogle(app, messageOf(watching))).toBe(202);
    expect(toldOutcomes()).toEqual(["INACTIVE"]);
    await app.manager("mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }", { id: watching.id });
    await until(async () => (await runsOf(app, watching.id)).length === 2);
    await app.quiet(watching.id);
    addEvent(app.simulator, watching.account, "Told again");
    await until(async () => (await titlesOf(app, watching.id)).includes("Told again"));
  });

  test("behind a pull that runs waits for its end, and a burst is one more pull", async () => {
    const watching = await givenWatching(app);
    const before = await settle(watching);
    app.simulator.control.addFault({
      match: { account: watching.account, pathRegex: "/events" },
      then: { delayMs: 1000 },
    });
    await postGoogle(app, messageOf(watching, { number: 100 }));
    await until(async () => (await runsOf(app, watching.id)).includes("NOTIFICATION RUNNING"));
    const numbers = Array.from({ length: 20 }, (_, index) => 101 + index);
    expect(await Promise.all(numbers.map((number) => postGoogle(app, messageOf(watching, { number }))))).toEqual(
      numbers.map(() => 202),
    );
    expect(await runsOf(app, watching.id)).toEqual([...before, "NOTIFICATION RUNNING", "NOTIFICATION QUEUED"]);
    await app.quiet(watching.id);
    expect(await runsOf(app, watching.id)).toEqual([...before, "NOTIFICATION SUCCEEDED", "NOTIFICATION SUCCEEDED"]);
    expect(await violations(app)).toEqual([]);
  });

  test("makes no pull of a connection whose pulls are slowed", async () => {
    const watching = await givenWatching(app);
    const before = await settle(watching);
    await app.sql("update calendar_connection set circuit_opened_at = now(), circuit_failures = 20 where id = $1", [
      watching.id,
    ]);
    expect(await postGoogle(app, messageOf(watching))).toBe(202);
    expect(toldOutcomes()).toEqual(["SLOWED"]);
    expect(await runsOf(app, watching.id)).toEqual(before);
    await app.sql("update calendar_connection set circuit_opened_at = null, circuit_failures = 0 where id = $1", [
      watching.id,
    ]);
  });

  test("is posted, not asked for", async () => {
    for (const path of ["google", "microsoft", "microsoft/lifecycle"]) {
      const answer = await fetch(`${app.url}/notifications/${path}`);
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    }
    expect((await fetch(`${app.url}/notifications/apple`, { method: "POST" })).status).toBe(404);
  });
});

describe("a notification of Graph's", () => {
  test("queues a pull once for each state of an event", async () => {
    const watching = await givenWatching(app, "MICROSOFT");
    const before = await settle(watching);
    const change = (etag: string) => graphChange(graphSecretOf(watching), watching.channel.channel_id, etag);
    const posts = [[change("1")], [change("1")], [change("2"), change("1")], [change("2")]];
    for (const value of posts) {
      expect(await postGraph(app, { value })).toBe(202);
      await app.quiet(watching.id);
    }
    expect(toldOutcomes()).toEqual(["QUEUED", "REPLAYED", "QUEUED", "REPLAYED"]);
    expect(await runsOf(app, watching.id)).toHaveLength(before.length + 2);
  });

  test("that is forged is refused alone, and dropped among true ones", async () => {
    const watching = await givenWatching(app, "MICROSOFT");
    await settle(watching);
    const forged = graphChange(`${graphSecretOf(watching).slice(0, -1)}!`, watching.channel.channel_id, "1");
    expect(await postGraph(app, { value: [forged] })).toBe(403);
    const change = graphChange(graphSecretOf(watching), watching.channel.channel_id, "1");
    expect(await postGraph(app, { value: [forged, change] })).toBe(202);
    expect(toldOutcomes()).toEqual(["FORGED", "FORGED", "QUEUED"]);
    await app.quiet(watching.id);
  });

  test.each<[string, unknown, number]>([
    ["nothing in it", {}, 400],
    ["a list of something else", { value: [{ id: 1 }] }, 400],
    ["more than the body may have", { value: "x".repeat(200_000) }, 413],
    ["more changes than one may have", { value: Array.from({ length: 501 }, () => ({ subscriptionId: "s" })) }, 400],
  ])("with %s is refused", async (_what, body, status) => {
    expect(await postGraph(app, body)).toBe(status);
  });

  test.each([
    ["reauthorizationRequired", "QUEUED"],
    ["missed", "QUEUED"],
    ["subscriptionRemoved", "QUEUED"],
  ] as const)("%s leads to a pull, after which its subscription goes on or has a successor", async (event, outcome) => {
    const watching = await givenWatching(app, "MICROSOFT");
    const before = await settle(watching);
    await app.simulator.control.sendLifecycleEvent(watching.account, event);
    await until(async () => (await runsOf(app, watching.id)).length > before.length);
    await app.quiet(watching.id);
    expect(toldOutcomes()).toContain(outcome);
    const channels = await storedChannels(app, watching.id);
    expect(channels).toMatchObject([{ wants_renewal: false }]);
    expect(channels[0]?.id === watching.channel.id).toBe(event !== "subscriptionRemoved");
    const renewals = app.simulator.control
      .requests({ account: watching.account })
      .filter(({ method, url }) => method === "PATCH" && url.includes("/subscriptions/"));
    expect(renewals).toHaveLength(event === "reauthorizationRequired" ? 1 : 0);
    expect(liveWatches(app, watching.account)).toHaveLength(1);
  });
});

test("a connection that has lost its channel is pulled as often as without one", async () => {
  const watching = await givenWatching(app, "MICROSOFT");
  await settle(watching);
  await app.sql("update calendar_connection set next_pull_at = now() + interval '40 days' where id = $1", [
    watching.id,
  ]);
  const removed = {
    subscriptionId: watching.channel.channel_id,
    clientState: graphSecretOf(watching),
    lifecycleEvent: "subscriptionRemoved",
  };
  expect(await postGraph(app, { value: [removed] }, "microsoft/lifecycle")).toBe(202);
  const [row] = await app.sql<{ is_usual: boolean }>(
    "select next_pull_at <= now() + interval '7 days' as is_usual from calendar_connection where id = $1",
    [watching.id],
  );
  expect(row).toEqual({ is_usual: true });
  await app.quiet(watching.id);
});

describe("before it makes a subscription, Graph asks to repeat a token", () => {
  const ask = async (query: string) => {
    const answer = await fetch(`${app.url}/notifications/microsoft?${query}`, { method: "POST" });
    return {
      status: answer.status,
      type: answer.headers.get("content-type"),
      text: await answer.text(),
      sniffing: answer.headers.get("x-content-type-options"),
    };
  };

  test("which is repeated as plain text", async () => {
    const token = "Validation: Testing client application reachability 1+2 ü";
    expect(await ask(new URLSearchParams({ validationToken: token }).toString())).toEqual({
      status: 200,
      type: "text/plain; charset=utf-8",
      text: token,
      sniffing: "nosniff",
    });
  });

  test("in which markup is escaped", async () => {
    const { status, text, type } = await ask(
      new URLSearchParams({ validationToken: "<script>alert('&')</script>" }).toString(),
    );
    expect([status, type]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(text).toBe("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;");
  });

  test.each([
    ["is empty", "validationToken="],
    ["is there twice", "validationToken=a&validationToken=b"],
    ["is too long", `validationToken=${"a".repeat(1025)}`],
  ])("which is refused where it %s", async (_what, query) => {
    expect((await ask(query)).status).toBe(400);
  });
});

test("no line of the log holds a secret, an account or what a calendar says", async () => {
  const watching = await givenWatching(app, "MICROSOFT");
  lines.splice(0);
  await postGraph(app, { value: [graphChange(graphSecretOf(watching), watching.channel.channel_id, "etag-1")] });
  await postGoogle(app, messageOf(watching));
  await app.quiet(watching.id);
  const text = lines.join("");
  expect(text).toContain('"outcome":"QUEUED"');
  for (const secret of [graphSecretOf(watching), watching.account, "etag-1", "Users/1"])
    expect(text).not.toContain(secret);
});
