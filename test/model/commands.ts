import fc from "fast-check";

/** What happens in a history, and how often: the weights are such that none is rare. */
const weights = {
  create: 40,
  createAllDay: 30,
  createWithoutLength: 25,
  createOutside: 25,
  createSeries: 50,
  retitle: 65,
  retitleSeries: 40,
  move: 65,
  moveOut: 35,
  moveIn: 35,
  moveInstance: 60,
  cancelInstance: 45,
  deleteEvent: 30,
  deleteSeries: 20,
  split: 35,
  callOff: 25,
  expireCursor: 20,
  pull: 30,
  resync: 15,
  boundedResync: 15,
  singleResync: 15,
  replay: 15,
  createHere: 20,
  retitleHere: 15,
  moveHere: 15,
  cancelHere: 15,
  changeBoth: 15,
  removeWhileWaiting: 15,
} as const;

/** What a provider does instead of answering as usual: before it does what it is asked for, or after that. */
export const faults = {
  unavailable: { when: "before", then: { status: 503, body: "down" } },
  busy: { when: "before", then: { status: 429, body: { error: { code: "TooManyRequests", message: "Slow down." } } } },
  reset: { when: "before", then: { destroy: true } },
  unavailableAfterwards: { when: "after", then: { status: 503, body: "down" } },
  lostAnswer: { when: "after", then: { destroy: true } },
  truncated: { when: "after", then: { truncate: true } },
} as const;

export type CommandKind = keyof typeof weights;
export type FaultName = keyof typeof faults;

/** `which` and `amount` choose among what there is at that moment. */
export type Command =
  | { kind: CommandKind; which: number; amount: number }
  | { kind: "fault"; fault: FaultName; on: "reads" | "writes"; times: number };

export const commandKinds = Object.keys(weights) as CommandKind[];
export const faultNames = Object.keys(faults) as FaultName[];

const numbers = { which: fc.nat(40), amount: fc.nat(400) };
const fault = fc.record({
  kind: fc.constant("fault" as const),
  fault: fc.constantFrom(...faultNames),
  on: fc.constantFrom("reads" as const, "writes" as const),
  times: fc.constantFrom(1, 1, 1, 1, 2, 3),
});
const command: fc.Arbitrary<Command | null> = fc.oneof(
  { withCrossShrink: true },
  { weight: 1, arbitrary: fc.constant(null) }, // what a smaller history has in place of a command
  ...commandKinds.map((kind) => ({
    weight: weights[kind],
    arbitrary: fc.record({ kind: fc.constant(kind), ...numbers }),
  })),
  { weight: 180, arbitrary: fault },
);

/** What happens to a connection, at a time of the year that `season` chooses. */
export interface HistoryPlan {
  season: number;
  commands: (Command | null)[];
}

/** Histories of at least thirty commands. */
export const histories: fc.Arbitrary<HistoryPlan> = fc.record({
  season: fc.nat(20),
  commands: fc.array(command, { minLength: 31, maxLength: 33, size: "max" }),
});
