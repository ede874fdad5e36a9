import type { NemesisPlan } from "./nemesis.js";

type Plan = Omit<NemesisPlan, "tell">;

/** The short form is part of every test run; the long one takes as long as it needs. */
export const plans: Readonly<Record<"short" | "long", Plan>> = {
  short: {
    ...{
      connections: 30,
      processes: 3,
      undisturbed: 0,
      runs: 50,
      databaseCrashes: 1,
      crashEveryMs: 12_000,
      longestMs: 240_000,
    },
    ...{
      hitsEach: 1,
      elsewhere: ["waiting-pull.sent"],
      armedAtOnce: 6,
      longestLifeMs: 5_000,
      freezeShare: 0.8,
      longFreezeShare: 0.03,
    },
  },
  long: {
    ...{
      connections: 48,
      processes: 3,
      undisturbed: 1,
      runs: 300,
      databaseCrashes: 3,
      crashEveryMs: 60_000,
      longestMs: 25 * 60_000,
    },
    ...{ hitsEach: 5, elsewhere: [], armedAtOnce: 5, longestLifeMs: 7_000, freezeShare: 0.5, longFreezeShare: 0.15 },
  },
};
