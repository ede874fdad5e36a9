import fc from "fast-check";
import type { AccountScenario } from "../../src/simulator/scenario.js";

/**
 * What happens in a history, and how often: the weights are such that none is rare. What asks the server for something costs most, so that
 * there is little more of it than must be; what our side changes comes after faults as well.
 */
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
  pull: 25,
  resync: 14,
  boundedResync: 14,
  singleResync: 14,
  replay: 14,
  createHere: 4,
  retitleHere: 4,
  moveHere: 4,
  cancelHere: 4,
  changeBoth: 4,
  removeWhileWaiting: 14,
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

const ownChanges = ["createHere", "retitleHere", "moveHere", "cancelHere", "changeBoth"] as const;

const commandOf = (kind: CommandKind): fc.Arbitrary<Command> =>
  fc.record({ kind: fc.constant(kind), which: fc.nat(40), amount: fc.nat(400) });
const faultOn = (on: "reads" | "writes"): fc.Arbitrary<Command> =>
  fc.record({
    kind: fc.constant("fault" as const),
    fault: fc.constantFrom(...faultNames),
    on: fc.constant(on),
    times: fc.constantFrom(1, 1, 1, 1, 1, 1, 2, 3),
  });

/** One command; a fault on writes with a change of ours after it, since it may wait for one in vain. Null: what a smaller history has instead. */
const step: fc.Arbitrary<(Command | null)[]> = fc.oneof(
  { withCrossShrink: true },
  { weight: 1, arbitrary: fc.tuple(fc.constant(null)) },
  ...commandKinds.map((kind) => ({ weight: weights[kind], arbitrary: fc.tuple(commandOf(kind)) })),
  { weight: 110, arbitrary: fc.tuple(faultOn("reads")) },
  { weight: 80, arbitrary: fc.tuple(faultOn("writes"), fc.oneof(...ownChanges.map(commandOf))) },
);

/**
 * What a real provider may do either way; the first of each is usual. Without those freedoms in which something is never told: there a pull
 * of changes cannot know of it.
 */
const habits: fc.Arbitrary<Partial<AccountScenario>> = fc.record({
  pages: fc.constantFrom("full" as const, "full" as const, "short" as const, "empty" as const),
  hasDuplicates: fc.boolean(),
  deletedSeries: fc.constantFrom("instances" as const, "series" as const),
  errorStyle: fc.constantFrom("both" as const, "older" as const, "newer" as const),
  itemOrder: fc.constantFrom("creation" as const, "arbitrary" as const),
  hasReplays: fc.boolean(),
  expiredState: fc.constantFrom("gone" as const, "badRequest" as const, "notFound" as const, "resyncRequired" as const),
  duplicateTransactionStatus: fc.constantFrom(409 as const, 400 as const),
  hasExistingEventId: fc.boolean(),
  originalTimeZone: fc.constantFrom("windows" as const, "iana" as const, "custom" as const),
});

/** What happens to a connection, at a time of the year that `season` chooses. */
export interface HistoryPlan {
  season: number;
  /** Where its provider behaves otherwise than usual. */
  habits?: Partial<AccountScenario>;
  commands: (Command | null)[];
}

/** Histories of at least thirty commands. */
export const histories: fc.Arbitrary<HistoryPlan> = fc.record({
  season: fc.nat(20),
  habits,
  commands: fc.array(step, { minLength: 31, maxLength: 31, size: "max" }).map((steps) => steps.flat()),
});
