import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { providerFaultCases } from "./provider-fault-cases.js";
import { ProviderFaultWorld, type Outcome } from "./provider-fault-world.js";

jest.setTimeout(120_000);

let world: ProviderFaultWorld;

beforeAll(async () => {
  world = await ProviderFaultWorld.start();
});

afterAll(async () => {
  await world.stop();
});

describe("a pull that meets", () => {
  let outcomes: Outcome[];
  beforeAll(async () => {
    outcomes = await world.liveAll(providerFaultCases);
  });

  test.each(
    providerFaultCases.map(([provider, { name, expected }], index) => [provider, name, index, expected] as const),
  )("of %s: %s", (_provider, _name, index, expected) => {
    expect(outcomes[index]).toEqual(expected);
  });

  test("a redirect sends nothing to where it leads", () => {
    expect(world.elsewhere.requests).toEqual([]);
  });

  test("a key that is __proto__ gives nothing to other objects", () => {
    expect("polluted" in {}).toBe(false);
  });
});
