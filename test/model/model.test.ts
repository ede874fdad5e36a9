import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { isLong } from "../support/long.js";
import { cases } from "./cases.js";
import { commandKinds, faultNames } from "./commands.js";
import { ModelWorld } from "./model-world.js";

jest.setTimeout(isLong ? 10_800_000 : 600_000);

/** Of each provider. The usual ones are always the same; where rare mistakes are looked for, they are others each time. */
const perProvider = Number(process.env["MODEL_HISTORIES"] ?? (isLong ? 2500 : 80));
const seed = isLong ? Date.now() : 1;
const lanes = 8;

let world: ModelWorld;

beforeAll(async () => {
  world = await ModelWorld.start();
});

afterAll(async () => {
  await world.stop();
});

test.each(cases)("$name ($provider)", async ({ provider, ...plan }) => {
  await world.live(provider, plan);
});

test("whatever happens to a calendar, at either side and on the way, both end as the model says", async () => {
  const each = { lanes, histories: perProvider, seed, endOnFailure: !isLong, onLived: tellProgress };
  const failures = await Promise.all([
    world.liveMany("GOOGLE", each),
    world.liveMany("MICROSOFT", { ...each, seed: each.seed + 1000 }),
  ]);
  expect(failures.flat()).toEqual([]);
  expect(await world.violated()).toEqual([]);
});

let lived = 0;

/** Thousands take an hour. */
function tellProgress(): void {
  lived += 1;
  if (isLong && lived % 100 === 0) process.stderr.write(`${lived} histories have ended as the model says\n`);
}

test("no command and no fault is rare", () => {
  console.info(world.tally.report());
  const names = [...commandKinds, ...faultNames.flatMap((name) => [`${name} on reads`, `${name} on writes`])];
  expect(names.filter((name) => world.tally.shareOf(name) < 0.01)).toEqual([]);
});
