/**
 * Random histories of a calendar, at either side and on the way, against a plain model. A history that fails is told by `MODEL_REPLAY=...`;
 * `MODEL_REPLAY=GOOGLE:1:7:0 npm test -- test/model/model.test.ts` lives that one alone. `MODEL_HISTORIES=20` lives so many of each provider.
 */
import { randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { isLong } from "../support/long.js";
import { cases } from "./cases.js";
import { commandKinds, faultNames } from "./commands.js";
import { liveInWorlds } from "./many-worlds.js";
import { ModelWorld, type HistoryAddress } from "./model-world.js";
import { Tally } from "./tally.js";

jest.setTimeout(isLong ? 21_600_000 : 900_000);

/** Of each provider. The usual ones are always the same; where rare mistakes are looked for, they are others each time. */
const perProvider = Number(process.env["MODEL_HISTORIES"] ?? (isLong ? 2500 : 250));
const seed = isLong ? randomInt(2 ** 30) : 1;
const tally = new Tally();
const watch = { onLived, onFailed: tell };
let lived = 0;

/** Thousands take hours. */
function onLived(): void {
  lived += 1;
  if (isLong && lived % 100 === 0) tell(`${lived} of ${2 * perProvider} histories have ended as the model says`);
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function replayed(): HistoryAddress | null {
  const [, provider, seed, path] =
    /^(GOOGLE|MICROSOFT):(-?\d+):([\d:]+)$/.exec(process.env["MODEL_REPLAY"] ?? "") ?? [];
  if (provider === undefined || path === undefined) return null;
  return { provider: provider as ProviderName, seed: Number(seed), path };
}

describe("one history", () => {
  let world: ModelWorld;

  beforeAll(async () => {
    world = await ModelWorld.start();
  });

  afterAll(async () => {
    await world.stop();
  });

  const address = replayed();
  if (address) {
    test("that was told of ends as the model says", async () => {
      expect(await world.replay(address, watch)).toEqual([]);
    });
  }

  test.each(cases)("$name ($provider)", async ({ provider, ...plan }) => {
    await world.live(provider, plan);
  });
});

if (!replayed()) {
  test("whatever happens to a calendar, at either side and on the way, both end as the model says", async () => {
    expect(await liveInWorlds({ count: perProvider, seed, endOnFailure: !isLong, tally, watch })).toEqual([]);
  });

  test("no command and no fault is rare, and every fault disturbs requests", () => {
    console.info(tally.report());
    const faults = faultNames.flatMap((name) => [`${name} on reads`, `${name} on writes`]);
    expect([...commandKinds, ...faults].filter((name) => tally.shareOf(name) < 0.01)).toEqual([]);
    // How many requests it meets depends on what is asked meanwhile.
    expect(faults.filter((name) => tally.strikeShareOf(name) < 0.005)).toEqual([]);
  });
}
