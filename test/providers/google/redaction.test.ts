import { inspect } from "node:util";
import { expect, test } from "@jest/globals";
import { describeRedaction } from "../contract-redaction.js";
import { failureOf } from "../contract-world.js";
import { json } from "../provider-server.js";
import { startGoogleUnderTest } from "./google-under-test.js";

describeRedaction(startGoogleUnderTest, "canary-cursor", "canary-page");

test("the cause is kept for a debugger, though it holds the secrets", async () => {
  const google = await startGoogleUnderTest();
  google.server.answer = json({ error: "invalid_grant" }, 400);
  const { cause } = await failureOf(google.refreshAccess());
  expect(inspect(cause, { depth: null })).toContain("canary-refresh-token");
  await google.close();
});
