import { expect, test } from "@jest/globals";
import { startKindOf } from "../../src/attempts/admission.js";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";

const queued = { status: "QUEUED", trigger: "SCHEDULE", replayOfId: null, errorCode: null } as const;
const retrying = { ...queued, status: "RETRYING", errorCode: "PROVIDER_UNAVAILABLE" } as const;

test.each<[string, Partial<SyncRun>, whileUp: string | null, whileDown: string | null]>([
  ["a first try", queued, null, "OTHER"],
  ["a manager's resync", { ...queued, trigger: "MANUAL" }, null, "MANAGER"],
  ["a replay", { ...queued, replayOfId: "7" }, null, "MANAGER"],
  ["an automatic retry", retrying, "RETRY", "RETRY"],
  ["an automatic retry of a manager's resync", { ...retrying, trigger: "MANUAL" }, "RETRY", "RETRY"],
  ["a retry whose place is reserved", { ...retrying, hasRetrySlot: true }, null, "OTHER"],
  ["the run of a stopped worker", { ...retrying, errorCode: "WORKER_STOPPED" }, null, "OTHER"],
  ["the run of a lost worker", { ...queued, status: "RUNNING" }, null, null],
  ["an exhausted push that runs once more", { ...queued, trigger: "RECOVERY" }, "RETRY", "RETRY"],
  ["one whose place is reserved", { ...queued, trigger: "RECOVERY", hasRetrySlot: true }, null, "OTHER"],
  ["one that a manager replays", { ...queued, trigger: "RECOVERY", replayOfId: "7" }, null, "MANAGER"],
])("%s asks for what it needs, while its provider is up and while it is down", (_what, columns, whileUp, whileDown) => {
  const run = Object.assign(new SyncRun(), columns);
  expect([startKindOf(run, false), startKindOf(run, true)]).toEqual([whileUp, whileDown]);
});
