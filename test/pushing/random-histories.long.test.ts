import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { live } from "./live-histories.js";

const milliseconds = 180_000;

jest.setTimeout(milliseconds + 120_000);

test("whoever changes what, and whatever is lost on the way, both sides have the same in the end", async () => {
  const details = await live(milliseconds);
  expect(details.failed ? fc.defaultReportMessage(details) : null).toBeNull();
});
