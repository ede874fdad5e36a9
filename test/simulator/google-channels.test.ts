import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { expectAnswer } from "./answer-schemas.js";
import { ann, clientOf, givenAnn, givenSimulator, hourOn, present } from "./given.js";
import { refusalOf } from "./google-client.js";
import type { GoogleClient } from "./google-client.js";
import { Receiver } from "./receiver.js";

async function watch(client: GoogleClient, address: string, rest: object = {}) {
  const requestBody = { id: randomUUID(), type: "web_hook", address, token: "secret", ...rest };
  const { data } = await client.api.events.watch({ calendarId: "primary", requestBody });
  expectAnswer("Channel", data);
  return { ...data, id: data.id ?? "", resourceId: data.resourceId ?? "" };
}

function states({ received }: Receiver): unknown[] {
  return received.map(({ headers }) => headers["x-goog-resource-state"]);
}

function edit(simulator: Simulator): void {
  simulator.control.createEvent(ann, hourOn("2026-11-23"));
}

describe("a channel", () => {
  test("says first that it works, then that something changed, with headers alone", async () => {
    const { simulator, client } = await givenAnn();
    const receiver = await Receiver.open();
    const { id, resourceId, resourceUri, expiration } = await watch(client, receiver.address);
    expect(expiration).toBe(String(present + 7 * 86_400_000));
    await receiver.until(1);
    edit(simulator);
    const [sync, exists] = await receiver.until(2);
    const shared = {
      "x-goog-channel-id": id,
      "x-goog-channel-token": "secret",
      "x-goog-channel-expiration": new Date(Number(expiration)).toUTCString(),
      "x-goog-resource-id": resourceId,
      "x-goog-resource-uri": resourceUri,
    };
    const first = { ...shared, "x-goog-resource-state": "sync", "x-goog-message-number": "1" };
    expect(sync).toMatchObject({ method: "POST", body: "", headers: first });
    const second = { ...shared, "x-goog-resource-state": "exists", "x-goog-message-number": "2" };
    expect(exists).toMatchObject({ body: "", headers: second });
  });

  test("tells of what clients of the API change, too", async () => {
    const { client } = await givenAnn();
    const receiver = await Receiver.open();
    await watch(client, receiver.address);
    await receiver.until(1);
    const requestBody = { start: { date: "2026-11-23" }, end: { date: "2026-11-24" } };
    const { data } = await client.api.events.insert({ calendarId: "primary", requestBody });
    await receiver.until(2);
    await client.api.events.delete({ calendarId: "primary", eventId: data.id ?? "" });
    await receiver.until(3);
    expect(states(receiver)).toEqual(["sync", "exists", "exists"]);
  });

  test("is silent once it is stopped, and when its time is over; nothing renews it", async () => {
    const { simulator, client } = await givenAnn();
    const [stopped, expired, lasting] = [await Receiver.open(), await Receiver.open(), await Receiver.open()];
    const { id, resourceId } = await watch(client, stopped.address);
    await watch(client, expired.address, { params: { ttl: "60" } });
    await watch(client, lasting.address);
    for (const receiver of [stopped, expired, lasting]) await receiver.until(1);
    const stop = () => client.api.channels.stop({ requestBody: { id, resourceId } });
    expect((await stop()).status).toBe(204);
    expect(await refusalOf(stop())).toMatchObject({ status: 404, reason: "notFound" });
    simulator.control.advanceClock(61_000);
    edit(simulator);
    await lasting.until(2);
    expect([states(stopped), states(expired)]).toEqual([["sync"], ["sync"]]);
  });

  test("loses the share of its messages that the scenario says", async () => {
    const { simulator, client } = await givenAnn();
    const receiver = await Receiver.open();
    await watch(client, receiver.address);
    await receiver.until(1);
    simulator.control.setScenario({ notificationLoss: 1 });
    edit(simulator);
    await pause(100);
    simulator.control.setScenario({});
    edit(simulator);
    const [, second] = await receiver.until(2);
    expect(second?.headers["x-goog-message-number"]).toBe("3");
  });

  test("tries a receiver that fails four times, then drops the message", async () => {
    const { simulator, client } = await givenAnn();
    const receiver = await Receiver.open();
    await watch(client, receiver.address);
    await receiver.until(1);
    receiver.status = 500;
    edit(simulator);
    await receiver.until(5);
    receiver.status = 200;
    edit(simulator);
    const numbers = (await receiver.until(6)).map(({ headers }) => headers["x-goog-message-number"]);
    expect(numbers).toEqual(["1", "2", "2", "2", "2", "3"]);
  });

  test("outlives a restart, and tells what changed before it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "channels-"));
    const stateFile = join(folder, "state.jsonl");
    try {
      const { simulator, client } = await givenAnn({ stateFile });
      const receiver = await Receiver.open();
      const { id, resourceId } = await watch(client, receiver.address);
      await receiver.until(1);
      await simulator.close();
      const again = await givenSimulator({ stateFile });
      edit(again);
      await receiver.until(2);
      expect(states(receiver)).toEqual(["sync", "exists"]);
      await clientOf(again, ann).api.channels.stop({ requestBody: { id, resourceId } });
      await again.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each<[string, object, number, string]>([
    ["an id with other letters", { id: "a b" }, 400, "invalid"],
    ["another type", { type: "email" }, 400, "invalid"],
    ["no address", { address: "nowhere" }, 400, "invalid"],
    ["an address elsewhere without TLS", { address: "http://hook.example.com/" }, 400, "push.webhookUrlNotHttps"],
    ["an address elsewhere", { address: "https://hook.example.com/" }, 401, "push.webhookUrlUnauthorized"],
    ["an end in the past", { expiration: "1000" }, 400, "invalid"],
  ])("is refused for %s", async (_, rest, status, reason) => {
    const { client } = await givenAnn();
    expect(await refusalOf(watch(client, "http://127.0.0.1:9/", rest))).toMatchObject({ status, reason });
  });

  test("is refused under an id that is in use, and lasts a month at most", async () => {
    const { client } = await givenAnn();
    const receiver = await Receiver.open();
    const { id, expiration } = await watch(client, receiver.address, { params: { ttl: "99999999" } });
    expect(expiration).toBe(String(present + 30 * 86_400_000));
    expect(await refusalOf(watch(client, receiver.address, { id }))).toMatchObject({ reason: "channelIdNotUnique" });
    await receiver.until(1);
  });
});
