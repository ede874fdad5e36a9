import { describe, expect, test } from "@jest/globals";
import { eventKeyOfTransaction, transactionIdOf } from "../../../src/providers/microsoft/event-key.js";
import { listedItemOf } from "../../../src/providers/microsoft/events.js";

const eventKey = "0f8fad5b-d9cb-469f-a165-70867728950e";

const single = {
  id: "AAMksingle=",
  type: "singleInstance",
  subject: "Review",
  isAllDay: false,
  start: { dateTime: "2026-03-02T09:00:00.0000000", timeZone: "UTC" },
  end: { dateTime: "2026-03-02T10:00:00.0000000", timeZone: "UTC" },
};

describe("the name of a creation of ours at Graph", () => {
  test("tells the key", () => {
    expect(eventKeyOfTransaction(transactionIdOf(eventKey))).toBe(eventKey);
    expect(transactionIdOf(eventKey.toUpperCase())).toBe(transactionIdOf(eventKey));
  });

  test.each([
    ["no name", null],
    ["another application's bare UUID", eventKey],
    ["another application's prefix", `localevent:${eventKey}`],
    ["something longer", `${transactionIdOf(eventKey)}0`],
  ])("is not taken from %s", (_name, transactionId) => {
    expect(eventKeyOfTransaction(transactionId)).toBeNull();
  });

  test.each([
    ["a single event tells it", {}, eventKey],
    [
      "an occurrence does not: the series was made, not it",
      { type: "occurrence", seriesMasterId: "AAMkseries=" },
      null,
    ],
  ])("%s", (_name, changes, expected) => {
    expect(listedItemOf({ ...single, ...changes, transactionId: transactionIdOf(eventKey) })).toMatchObject({
      change: { event: { eventKey: expected } },
    });
  });
});
