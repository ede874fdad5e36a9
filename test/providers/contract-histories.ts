import { test } from "@jest/globals";
import fc from "fast-check";
import { ProviderFailure } from "../../src/providers/provider.js";
import type { Control } from "../../src/simulator/control.js";
import { StateError } from "../../src/simulator/state-error.js";
import { CalendarCopy } from "./calendar-copy.js";
import { account, at, window, type ContractWorld } from "./contract-world.js";

const day = fc.integer({ min: 1, max: 28 }).map((each) => `2026-12-${String(each).padStart(2, "0")}`);
const which = fc.nat(5);
/** An event or a series by its number; or an occurrence by its own. */
const target = { which, isOccurrence: fc.boolean() };
const editStep = fc.oneof(
  fc.record({ kind: fc.constant("create" as const), day, isSeries: fc.boolean() }),
  fc.record({ kind: fc.constant("move" as const), ...target, day }),
  fc.record({ kind: fc.constant("moveOut" as const), ...target }),
  fc.record({ kind: fc.constant("rename" as const), ...target, title: fc.string({ maxLength: 3 }) }),
  fc.record({ kind: fc.constant("cancel" as const), ...target }),
  fc.record({ kind: fc.constant("delete" as const), ...target }),
  fc.record({ kind: fc.constant("expire" as const) }),
);
const step = fc.oneof(
  { weight: 3, arbitrary: editStep },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pull" as const) }) },
);
type Edit = typeof editStep extends fc.Arbitrary<infer Value> ? Value : never;

const scenario = fc.record({
  pages: fc.constantFrom("full" as const, "short" as const, "empty" as const),
  hasDuplicates: fc.boolean(),
  deletedSeries: fc.constantFrom("instances" as const, "series" as const),
  itemOrder: fc.constantFrom("creation" as const, "arbitrary" as const),
  hasReplays: fc.boolean(),
});

/** Whatever a calendar's user and the provider do between pulls, the copy ends equal to the calendar. */
export function describeHistories(world: ContractWorld): void {
  test("leaves the copy equal to the calendar", async () => {
    const steps = fc.array(step, { maxLength: 20 });
    const history = fc.asyncProperty(steps, scenario, async (each, behaviour) => {
      world.reset();
      world.control.setScenario(behaviour);
      const ids: string[] = [];
      let copy = new CalendarCopy();
      for (const one of each) {
        if (one.kind === "pull") copy = await pullAnyhow(world, copy);
        else editIfPossible(world.control, ids, one);
      }
      world.expectSame(await pullAnyhow(world, copy));
    });
    await fc.assert(history, { numRuns: 150 });
  });
}

/** From the cursor, or anew where there is none or the provider no longer accepts it. */
async function pullAnyhow(world: ContractWorld, copy: CalendarCopy): Promise<CalendarCopy> {
  if (copy.cursor !== null && (await isPulled(world, copy))) return copy;
  const anew = new CalendarCopy();
  await world.pull(anew);
  return anew;
}

async function isPulled(world: ContractWorld, copy: CalendarCopy): Promise<boolean> {
  try {
    await world.pullChanges(copy);
    return true;
  } catch (error) {
    if (error instanceof ProviderFailure && error.action.kind === "FULL_ROUND") return false;
    throw error;
  }
}

/** What was cancelled cannot be changed any more. */
function editIfPossible(control: Control, ids: string[], each: Edit): void {
  try {
    edit(control, ids, each);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
  }
}

function edit(control: Control, ids: string[], each: Edit): void {
  if (each.kind === "create") {
    const recurrence = each.isSeries ? { recurrence: ["RRULE:FREQ=DAILY;COUNT=10"] } : {};
    ids.push(control.createEvent(account, { title: each.day, ...morningOf(each.day), ...recurrence }).id);
    return;
  }
  if (each.kind === "expire") {
    control.expireSyncTokens(account);
    return;
  }
  const id = each.isOccurrence ? occurrencesOf(control)[each.which * 3]?.id : ids[each.which];
  if (id !== undefined) change(control, id, each);
}

function change(control: Control, id: string, each: Exclude<Edit, { kind: "create" | "expire" }>): void {
  switch (each.kind) {
    case "move":
      control.updateEvent(account, id, morningOf(each.day));
      break;
    case "moveOut":
      control.updateEvent(account, id, morningOf("2029-06-01"));
      break;
    case "rename":
      control.updateEvent(account, id, { title: each.title });
      break;
    case "cancel":
      control.cancelEvent(account, id);
      break;
    case "delete":
      control.deleteEvent(account, id);
  }
}

function occurrencesOf(control: Control) {
  return control.occurrences(account, window.windowStart, window.windowEnd);
}

function morningOf(date: string) {
  return { start: at(`${date}T09:00:00`), end: at(`${date}T10:00:00`) };
}
