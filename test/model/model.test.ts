import { randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { isLong } from "../support/long.js";
import { cases } from "./cases.js";
import { commandKinds, faultNames } from "./commands.js";
import { liveInWorlds } from "./many-worlds.js";
import { ModelWorld } from "./model-world.js";
import { Tally } from "./tally.js";

jest.setTimeout(isLong ? 21_600_000 : 600_000);

/** Of each provider. The usual ones are always the same; where rare mistakes are looked for, they are others each time. */
const perProvider = Number(process.env["MODEL_HISTORIES"] ?? (isLong ? 2500 : 80));
const seed = isLong ? randomInt(2 ** 30) : 1;
const tally = new Tally();

describe("histories that once failed", () => {
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
});

test("whatever happens to a calendar, at either side and on the way, both end as the model says", async () => {
  const watch = { onLived, onFailed: tell };
  expect(await liveInWorlds({ count: perProvider, seed, endOnFailure: !isLong, tally, watch })).toEqual([]);
});

let lived = 0;

/** Thousands take hours. */
function onLived(): void {
  lived += 1;
  if (isLong && lived % 100 === 0) tell(`${lived} of ${2 * perProvider} histories have ended as the model says`);
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

test("no command and no fault is rare", () => {
  console.info(tally.report());
  const names = [...commandKinds, ...faultNames.flatMap((name) => [`${name} on reads`, `${name} on writes`])];
  expect(names.filter((name) => tally.shareOf(name) < 0.01)).toEqual([]);
});
