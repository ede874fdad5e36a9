import { describe, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import type { PlantedFault } from "../support/server-process.js";
import { runTypeScript } from "../support/typescript-process.js";
import { plantedFaults, type PlantedInHistory } from "./planted-faults.js";

jest.setTimeout(120_000);

/** What a process of its own tells that plays the fault's history. */
async function play(provider: ProviderName, { commands, habits = {} }: PlantedInHistory, planted: PlantedFault[]) {
  const plan = JSON.stringify({ season: 0, habits, commands });
  const player = runTypeScript(new URL("play.ts", import.meta.url), [provider, plan], {
    env: { ...process.env, TEST_PLANTED_FAULTS: JSON.stringify(planted) },
  });
  const told = await player.nextLine();
  expect(await player.ended).toBe(0);
  return told;
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("histories of %s", (provider) => {
  const planted = Object.entries(plantedFaults).filter(([, { onlyWith = provider }]) => onlyWith === provider);

  test.each(planted)("notice that %s", async (_, fault) => {
    const { file, find, replace } = fault;
    expect(await play(provider, fault, [{ file, find, replace }])).toMatch(/only in|stays open|does not come/);
    expect(await play(provider, fault, [])).toBe("as the model says");
  });
});
