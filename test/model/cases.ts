import type { ProviderName } from "../../src/providers/provider.js";
import type { HistoryPlan } from "./commands.js";

/** Histories that once ended otherwise than the model says, as small as they could be made. */
export const cases: readonly (HistoryPlan & { name: string; provider: ProviderName })[] = [
  {
    name: "a refusal of an event that is there already is broken off",
    provider: "GOOGLE",
    season: 10,
    commands: [
      { kind: "fault", fault: "truncated", on: "writes", times: 3 },
      { kind: "createHere", which: 27, amount: 3 },
    ],
  },
  {
    name: "an event is moved out of the window while our own move of it waits",
    provider: "MICROSOFT",
    season: 1,
    commands: [
      { kind: "moveOut", which: 1, amount: 4 },
      { kind: "fault", fault: "unavailable", on: "writes", times: 3 },
      { kind: "moveHere", which: 1, amount: 199 },
    ],
  },
];
