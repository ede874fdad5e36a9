import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { Client, HTTPMessageHandler } from "@microsoft/microsoft-graph-client";
import type { Context } from "@microsoft/microsoft-graph-client";
import type { Subscription } from "@microsoft/microsoft-graph-types";
import type { Simulator } from "../../src/simulator/simulator.js";
import { bob, givenBob, hourOn, present } from "./given.js";
import { graphRefusal } from "./graph-client.js";
import { Receiver } from "./receiver.js";

const inAnHour = new Date(present + 3_600_000).toISOString();

interface Made extends Subscription {
  id: string;
}

/** The official client, for what is not an event. */
function subscriptionsOf(simulator: Simulator) {
  const handler = new HTTPMessageHandler();
  const token = simulator.control.issueAccessToken(bob, { lifeSeconds: 86_400 });
  const middleware = {
    execute: (context: Context) => {
      const headers = new Headers(context.options?.headers);
      headers.set("authorization", `Bearer ${token}`);
      context.options = { ...context.options, headers };
      return handler.execute(context);
    },
  };
  const client = Client.initWithMiddleware({ middleware, baseUrl: `${simulator.url}/` });
  return {
    create: (body: object) => client.api("/subscriptions").post(body) as Promise<Made>,
    renew: (id: string, expirationDateTime: string) =>
      client.api(`/subscriptions/${id}`).patch({ expirationDateTime }) as Promise<Made>,
    get: (id: string) => client.api(`/subscriptions/${id}`).get() as Promise<Made>,
    list: async () => ((await client.api("/subscriptions").get()) as { value: Made[] }).value,
    remove: (id: string) => client.api(`/subscriptions/${id}`).delete() as Promise<void>,
  };
}

function wanted(receiver: Receiver, rest: object = {}): object {
  return {
    changeType: "created,updated,deleted",
    notificationUrl: receiver.address,
    lifecycleNotificationUrl: `${receiver.address}/life`,
    resource: "/me/events",
    expirationDateTime: inAnHour,
    clientState: "secret",
    ...rest,
  };
}

function told({ received }: Receiver): Record<string, unknown>[] {
  const bodies = received.filter(({ url }) => !url.searchParams.has("validationToken")).map(({ body }) => body);
  return bodies.flatMap((body) => (JSON.parse(body) as { value: Record<string, unknown>[] }).value);
}

describe("a subscription", () => {
  test("is validated first, and then tells which events were created, changed and deleted", async () => {
    const { simulator, client } = await givenBob();
    const receiver = await Receiver.open();
    const { id, expirationDateTime } = await subscriptionsOf(simulator).create(wanted(receiver));
    expect(expirationDateTime).toBe(inAnHour);
    expect(receiver.received.map(({ url }) => url.pathname)).toEqual(["/hook", "/hook/life"]);
    const event = await client.create("/me/events", {
      start: { dateTime: "2026-11-23T09:00:00", timeZone: "UTC" },
      end: { dateTime: "2026-11-23T10:00:00", timeZone: "UTC" },
    });
    await receiver.until(3);
    await client.change(`/me/events/${event.id}`, { subject: "x" });
    await receiver.until(4);
    await client.remove(`/me/events/${event.id}`);
    await receiver.until(5);
    const notifications = told(receiver);
    expect(notifications.map(({ changeType }) => changeType)).toEqual(["created", "updated", "deleted"]);
    expect(notifications[0]).toMatchObject({
      subscriptionId: id,
      subscriptionExpirationDateTime: inAnHour,
      clientState: "secret",
      tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resource: expect.stringMatching(/^Users\/.+\/Events\/.+/),
      resourceData: { "@odata.type": "#Microsoft.Graph.Event", "@odata.etag": event["@odata.etag"] },
    });
    expect(receiver.received[2]?.headers["content-type"]).toContain("application/json");
  });

  test("tells only the changes that it names, of the calendar that it names", async () => {
    const { simulator } = await givenBob();
    const { control } = simulator;
    control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const receiver = await Receiver.open();
    const resource = `/me/calendars/${control.externalCalendarId(bob, "team")}/events`;
    await subscriptionsOf(simulator).create(wanted(receiver, { resource, changeType: "deleted" }));
    control.createEvent(bob, hourOn("2026-11-23"));
    const { id } = control.createEvent(bob, hourOn("2026-11-23"), "team");
    await pause(100);
    control.deleteEvent(bob, id, "team");
    await receiver.until(3);
    expect(told(receiver).map(({ changeType }) => changeType)).toEqual(["deleted"]);
  });

  test("is renewed, listed and removed", async () => {
    const { simulator } = await givenBob();
    const receiver = await Receiver.open();
    const subscriptions = subscriptionsOf(simulator);
    const { id } = await subscriptions.create(wanted(receiver));
    const later = new Date(present + 7_200_000).toISOString();
    expect(await subscriptions.renew(id, later)).toMatchObject({ id, expirationDateTime: later });
    simulator.control.advanceClock(3_700_000);
    expect(await subscriptions.list()).toMatchObject([{ id, resource: "/me/events" }]);
    expect(await subscriptions.get(id)).toMatchObject({ expirationDateTime: later });
    await subscriptions.remove(id);
    const gone = { status: 404, code: "ResourceNotFound" };
    expect(await graphRefusal(subscriptions.remove(id))).toMatchObject(gone);
    expect(await graphRefusal(subscriptions.renew(id, later))).toMatchObject(gone);
  });

  test("is over when its time is", async () => {
    const { simulator } = await givenBob();
    const receiver = await Receiver.open();
    const subscriptions = subscriptionsOf(simulator);
    await subscriptions.create(wanted(receiver));
    simulator.control.advanceClock(3_600_000);
    expect(await subscriptions.list()).toEqual([]);
  });

  test("is told what befell it, and is gone when that was its removal", async () => {
    const { simulator } = await givenBob();
    const receiver = await Receiver.open();
    const subscriptions = subscriptionsOf(simulator);
    const { id } = await subscriptions.create(wanted(receiver));
    for (const event of ["missed", "reauthorizationRequired", "subscriptionRemoved"]) {
      const body = JSON.stringify({ account: bob, event });
      const answer = await fetch(`${simulator.url}/__sim/lifecycle`, { method: "POST", body });
      expect(await answer.json()).toEqual({ told: 1 });
    }
    expect(told(receiver)).toMatchObject([
      { subscriptionId: id, clientState: "secret", lifecycleEvent: "missed" },
      { lifecycleEvent: "reauthorizationRequired" },
      { lifecycleEvent: "subscriptionRemoved" },
    ]);
    expect(receiver.received.at(-1)?.url.pathname).toBe("/hook/life");
    expect(await subscriptions.list()).toEqual([]);
  });

  test("is refused where the receiver does not echo the token", async () => {
    const { simulator } = await givenBob();
    const receiver = await Receiver.open();
    receiver.isEchoing = false;
    const subscriptions = subscriptionsOf(simulator);
    const refusal = await graphRefusal(subscriptions.create(wanted(receiver)));
    expect(refusal).toMatchObject({ status: 400, code: "ValidationError" });
    expect(await subscriptions.list()).toEqual([]);
  });

  test.each<[string, object]>([
    ["an unknown change", { changeType: "moved" }],
    ["a resource that is none", { resource: "/me/messages" }],
    ["an address elsewhere", { notificationUrl: "https://hook.example.com/" }],
    ["an end in the past", { expirationDateTime: new Date(present - 1).toISOString() }],
    ["more than 10,080 minutes", { expirationDateTime: new Date(present + 10_081 * 60_000).toISOString() }],
    ["no end", { expirationDateTime: undefined }],
  ])("is refused with 400 for %s", async (_, rest) => {
    const { simulator } = await givenBob();
    const receiver = await Receiver.open();
    const refusal = await graphRefusal(subscriptionsOf(simulator).create(wanted(receiver, rest)));
    expect(refusal).toMatchObject({ status: 400, code: "InvalidRequest" });
  });
});
