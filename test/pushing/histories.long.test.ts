import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { AttemptWriter } from "../../src/sync/attempt-writer.js";
import { live } from "./live-histories.js";

jest.setTimeout(240_000);

afterEach(() => {
  jest.restoreAllMocks();
});

const writer = AttemptWriter.prototype;

function soundly<Name extends "appointmentToPush" | "finishPush">(name: Name): AttemptWriter[Name] {
  return Object.getOwnPropertyDescriptor(writer, name)?.value as AttemptWriter[Name];
}

describe("the random histories find", () => {
  test.each<[string, () => void]>([
    [
      "an event that is asked for under a new key each time",
      () => {
        const appointmentToPush = soundly("appointmentToPush");
        jest.spyOn(writer, "appointmentToPush").mockImplementation(function (this: AttemptWriter) {
          return { ...appointmentToPush.call(this), eventKey: crypto.randomUUID() };
        });
      },
    ],
    [
      "a push that takes what is changed while it runs for pushed",
      () => {
        const finishPush = soundly("finishPush");
        jest.spyOn(writer, "finishPush").mockImplementation(async function (this: AttemptWriter, pushed, ...rest) {
          const { localVersion } = await this.renewEventKey({ ...pushed, eventKey: null }); // which renews none
          await finishPush.call(this, { ...pushed, localVersion }, ...rest);
        });
      },
    ],
    [
      "a recovery that is audited and not made",
      () => {
        jest.spyOn(SyncRun.prototype, "recover").mockImplementation(() => undefined);
      },
    ],
  ])("%s", async (_bug, plant) => {
    plant();
    expect((await live(90_000)).failed).toBe(true);
  });
});
