import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { ProviderHttp } from "../../src/providers/http.js";
import type { CalendarProvider, ChannelMessage, OpenCalendar, Watch } from "../../src/providers/provider.js";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.js";
import { Receiver, type Received } from "../simulator/receiver.js";
import { addEvent } from "../support/calendar.js";
import { failureOf, type ContractSubject } from "./contract-world.js";

const account = "watched@example.com";
const secret = "the secret of a channel";

/** What every provider that tells of changes keeps to, over its official client against the simulator, by the real clock. */
export function describeWatchContract(subject: ContractSubject): void {
  describe(`${subject.name}: a watched calendar`, () => {
    const http = new ProviderHttp();
    let simulator: Simulator;
    let provider: CalendarProvider;
    let accessToken = "";

    beforeAll(async () => {
      simulator = await startSimulator();
      provider = subject.makeProvider(simulator, http);
    });
    afterAll(async () => {
      await http.close();
      await simulator.close();
    });
    beforeEach(async () => {
      simulator.control.reset();
      simulator.control.addAccount(account, { provider: subject.provider });
      const call = { signal: new AbortController().signal, onRequest: () => undefined };
      accessToken = (await provider.refreshAccess(simulator.control.refreshTokenOf(account), call)).accessToken;
    });

    const open = (): OpenCalendar => {
      const calendarId = subject.calendarIdOf(simulator.control, account);
      return provider.openCalendar(calendarId, { signal: new AbortController().signal, onRequest: () => undefined });
    };
    const watch = (address: string, seconds = 3600): Promise<Watch> =>
      open().watch({ accessToken, id: randomUUID(), address, secret, seconds });
    const read = ({ headers, body }: Received): ChannelMessage[] | null =>
      provider.readNotification({
        header: (name) => headers[name]?.toString(),
        body: body === "" ? undefined : JSON.parse(body),
      });
    const told = ({ received }: Receiver): ChannelMessage[] =>
      received
        .filter(({ url }) => !url.searchParams.has("validationToken"))
        .flatMap((message) => read(message) ?? [])
        .filter(({ kind }) => kind !== "CREATED");
    const toldSome = async (receiver: Receiver, count: number): Promise<ChannelMessage[]> => {
      while (told(receiver).length < count) await receiver.until(receiver.received.length + 1);
      return told(receiver);
    };

    test("tells of each change, with the secret, so that a message that comes again is known", async () => {
      const receiver = await Receiver.open();
      const { channelId, expiresAt } = await watch(receiver.address);
      expect(Math.abs(expiresAt.getTime() - Date.now() - 3_600_000)).toBeLessThan(60_000);
      addEvent(simulator, account, "First");
      await toldSome(receiver, 1);
      addEvent(simulator, account, "Second");
      const messages = await toldSome(receiver, 2);
      expect(messages).toMatchObject(messages.map(() => ({ secret, channelId, kind: "CHANGED" })));
      const identities = messages.map(({ identity }) => identity);
      expect(identities).not.toContain(null);
      expect(new Set(identities).size).toBe(messages.length);
    });

    test("is told no more once that is stopped, which may be repeated", async () => {
      const [receiver, other] = [await Receiver.open(), await Receiver.open()];
      const made = await watch(receiver.address);
      await watch(other.address);
      await open().stopWatch({ accessToken, ...made });
      await open().stopWatch({ accessToken, ...made });
      addEvent(simulator, account, "Untold");
      await toldSome(other, 1);
      expect(told(receiver)).toEqual([]);
    });

    test("is told longer once that is renewed, where a provider renews; what is gone is not", async () => {
      const receiver = await Receiver.open();
      const { channelId, resourceId, expiresAt } = await watch(receiver.address);
      const renewed = await open().renewWatch({ accessToken, channelId, seconds: 7200 });
      expect(renewed?.channelId).toBe(subject.provider === "google" ? undefined : channelId);
      if (renewed) expect(renewed.expiresAt.getTime()).toBeGreaterThan(expiresAt.getTime());
      await open().stopWatch({ accessToken, channelId, resourceId });
      expect(await open().renewWatch({ accessToken, channelId, seconds: 7200 })).toBeNull();
    });

    test("cannot be had at an address that the provider does not take, which no other token would mend", async () => {
      expect(await failureOf(watch("https://hook.example.com/"))).toMatchObject({
        errorCode: "REQUEST_REFUSED",
        action: { kind: "FAIL" },
      });
    });

    test("cannot be had with an expired token, but with the next one", async () => {
      simulator.control.expireAccessTokens(account);
      expect(await failureOf(watch("http://127.0.0.1:9/"))).toMatchObject({ action: { kind: "REFRESH_ACCESS" } });
    });

    test.each([{}, "half an ans", { id: "", expiration: "soon", expirationDateTime: "soon" }])(
      "is none where the answer is %j",
      async (body) => {
        simulator.control.addFault({ match: { account, method: "POST" }, then: { status: 200, body } });
        expect(await failureOf(watch("http://127.0.0.1:9/"))).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
      },
    );

    test.each([undefined, null, [], { value: "x" }, { value: [{}] }, "text"])("reads %j as no notification", (body) => {
      expect(provider.readNotification({ header: () => undefined, body })).toBeNull();
    });
  });
}
