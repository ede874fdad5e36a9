import { expect, test } from "@jest/globals";
import type { Actor } from "../../src/access/actor.js";
import { MutationLimit, TooManyMutationsError } from "../../src/access/mutation-limit.js";
import { until } from "../support/app.js";

const ann: Actor = { userId: "ann", firmId: "1", role: "manager", name: null };

/** The refusal; null where it was not refused. */
async function refusalOf(consumed: Promise<void>): Promise<unknown> {
  return consumed.then(
    () => null,
    (error: unknown) => error,
  );
}

test("lets as many pass as it says and refuses the next, saying when to come again", async () => {
  const limit = new MutationLimit({ mutations: 3, windowSeconds: 60 });
  for (let count = 0; count < 3; count += 1) expect(await refusalOf(limit.consume(ann, 1))).toBeNull();
  const refusal = (await refusalOf(limit.consume(ann, 1))) as TooManyMutationsError;
  expect(refusal).toBeInstanceOf(TooManyMutationsError);
  const { code, details, retryAfterSeconds } = refusal;
  expect({ code, keys: Object.keys(details) }).toEqual({ code: "RATE_LIMITED", keys: ["retryAt"] });
  expect(details["retryAt"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Number.isInteger(retryAfterSeconds) && retryAfterSeconds >= 1 && retryAfterSeconds <= 60).toBe(true);
});

test("refuses several at once that are more than are left", async () => {
  const limit = new MutationLimit({ mutations: 3, windowSeconds: 60 });
  expect(await refusalOf(limit.consume(ann, 2))).toBeNull();
  expect(await refusalOf(limit.consume(ann, 2))).toBeInstanceOf(TooManyMutationsError);
});

test("is each user's own, and each firm's", async () => {
  const limit = new MutationLimit({ mutations: 1, windowSeconds: 60 });
  const others = [ann, { ...ann, userId: "bob" }, { ...ann, firmId: "2" }];
  for (const actor of others) expect(await refusalOf(limit.consume(actor, 1))).toBeNull();
  for (const actor of others) expect(await refusalOf(limit.consume(actor, 1))).toBeInstanceOf(TooManyMutationsError);
});

test("says to wait at least a second, and is over when its window is", async () => {
  const limit = new MutationLimit({ mutations: 1, windowSeconds: 0.2 });
  await limit.consume(ann, 1);
  let refusal = await refusalOf(limit.consume(ann, 1));
  while (refusal === null) refusal = await refusalOf(limit.consume(ann, 1)); // the window was over between the two
  expect((refusal as TooManyMutationsError).retryAfterSeconds).toBe(1);
  await until(async () => (await refusalOf(limit.consume(ann, 1))) === null);
});
