import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { isLong } from "../support/long.js";
import { live } from "./live-histories.js";

jest.setTimeout(600_000);

test("whatever managers, providers and workers do, every invariant holds and everything comes to rest", async () => {
  const details = await live({ numRuns: isLong ? 100 : 2, milliseconds: 300_000 });
  expect(details.failed ? fc.defaultReportMessage(details) : null).toBeNull();
  expect(details.numRuns).toBeGreaterThan(1);
});
