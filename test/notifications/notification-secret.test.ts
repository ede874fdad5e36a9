import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { pino } from "pino";
import type { RunQueue } from "../../src/attempts/run-queue.js";
import { parseCredentialKeys } from "../../src/connections/credential-cipher.js";
import { MessageOrder } from "../../src/notifications/message-order.js";
import { notificationAddress } from "../../src/notifications/notification-address.js";
import { NotificationSecrets, type ChannelPlace } from "../../src/notifications/notification-secret.js";
import { receiveMessages, type NotificationContext } from "../../src/notifications/receive-notification.js";

const first = randomBytes(32).toString("base64");
const second = randomBytes(32).toString("base64");
const secretsWith = (text: string) => new NotificationSecrets(parseCredentialKeys(text));
const secrets = secretsWith(`1:${first}`);

const id = fc.bigInt(1n, 2n ** 63n - 1n).map(String);
const place: fc.Arbitrary<ChannelPlace> = fc.record({
  provider: fc.constantFrom("GOOGLE", "MICROSOFT"),
  firmId: id,
  connectionId: id,
  id: fc.uuid(),
});

describe("a notification's secret", () => {
  test("tells the channel that it was made for, in at most 128 characters", () => {
    const widest = secretsWith(`32767:${first}`);
    fc.assert(
      fc.property(place, (of) => {
        const secret = widest.secretFor(of);
        expect(secret.length).toBeLessThanOrEqual(128);
        expect(widest.placeOf(of.provider, secret)).toEqual(of);
      }),
    );
  });

  test("tells nothing once a character of it is another one, nor to the other provider", () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.constantFrom("0", "a", "A", ".", "-", "_", "é"), (of, at, character) => {
        const secret = secrets.secretFor(of);
        const index = at % secret.length;
        const changed = secret.slice(0, index) + character + secret.slice(index + 1);
        // The last character of 32 bytes in base64url has two bits to spare.
        const isSame = Buffer.from(changed.slice(-43), "base64url").equals(Buffer.from(secret.slice(-43), "base64url"));
        if (!isSame || index < secret.length - 43)
          expect(changed === secret || secrets.placeOf(of.provider, changed) === null).toBe(true);
        expect(secrets.placeOf(of.provider === "GOOGLE" ? "MICROSOFT" : "GOOGLE", secret)).toBeNull();
      }),
    );
  });

  test("is recognized as long as its key is there, and made with the highest", () => {
    const of: ChannelPlace = { provider: "GOOGLE", firmId: "1", connectionId: "2", id: crypto.randomUUID() };
    const both = secretsWith(`1:${first},2:${second}`);
    expect(both.placeOf("GOOGLE", secrets.secretFor(of))).toEqual(of);
    expect(both.keyVersion).toBe(2);
    expect(secrets.placeOf("GOOGLE", both.secretFor(of))).toBeNull();
    expect(secretsWith(`1:${second}`).placeOf("GOOGLE", secrets.secretFor(of))).toBeNull();
  });

  test("that is forged is refused without asking the database", async () => {
    const runs: RunQueue = {
      send: () => Promise.reject(new Error("sent")),
      waitBehind: () => undefined,
      settled: () => Promise.resolve(),
    };
    const context: NotificationContext = {
      get em(): never {
        throw new Error("the database is asked");
      },
      ...{ runs, secrets, order: new MessageOrder(), intervalSeconds: 300, log: pino({ level: "silent" }) },
    };
    const of: ChannelPlace = { provider: "GOOGLE", firmId: "1", connectionId: "2", id: crypto.randomUUID() };
    const message = { channelId: of.id, kind: "CHANGED", identity: 2 } as const;
    const receive = (secret: string) => receiveMessages(context, "GOOGLE", [{ ...message, secret }]);
    expect(await receive(`${secrets.secretFor(of).slice(0, -3)}AAA`)).toEqual(["FORGED"]);
    await expect(receive(secrets.secretFor(of))).rejects.toThrow("the database is asked");
  });
});

test.each([
  [
    "https://calendars.example.com",
    "https://www.googleapis.com/",
    "https://calendars.example.com/notifications/google",
  ],
  [
    "https://calendars.example.com/below",
    "https://www.googleapis.com/",
    "https://calendars.example.com/below/notifications/google",
  ],
  ["http://calendars.example.com", "https://www.googleapis.com/", null],
  ["http://127.0.0.1:4000", "https://www.googleapis.com/", null],
  ["http://calendars.example.com", "http://127.0.0.1:4700/", null],
  ["http://localhost:4000", "http://127.0.0.1:4700/", "http://localhost:4000/notifications/google"],
  [null, "http://127.0.0.1:4700/", null],
])("a server that clients reach at %s has %s notify %s", (publicUrl, apiUrl, address) => {
  expect(notificationAddress(publicUrl, { name: "GOOGLE", apiUrl })).toBe(address);
});
