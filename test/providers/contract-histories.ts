import { test } from "@jest/globals";
import fc from "fast-check";
import { ProviderFailure } from "../../src/providers/provider.js";
import { CalendarCopy } from "./calendar-copy.js";
import { account, at, type ContractWorld } from "./contract-world.js";

const day = fc.integer({ min: 1, max: 28 }).map((each) => `2026-12-${String(each).padStart(2, "0")}`);
const which = fc.nat(5);
const step = fc.oneof(
  fc.record({ kind: fc.constant("create" as const), day }),
  fc.record({ kind: fc.constant("move" as const), which, day }),
  fc.record({ kind: fc.constant("cancel" as const), which }),
  fc.record({ kind: fc.constant("expire" as const) }),
  fc.record({ kind: fc.constant("pull" as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Whatever a calendar's user and the provider do between pulls, the copy ends equal to the calendar. */
export function describeHistories(world: ContractWorld): void {
  test("leaves the copy equal to the calendar", async () => {
    const history = fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      world.reset();
      const live: string[] = [];
      let copy = new CalendarCopy();
      for (const each of steps) {
        if (each.kind === "pull") copy = await pullAnyhow(world, copy);
        else edit(world, live, each);
      }
      world.expectSame(await pullAnyhow(world, copy));
    });
    await fc.assert(history, { numRuns: 100 });
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

function edit({ control }: ContractWorld, live: string[], each: Exclude<Step, { kind: "pull" }>): void {
  if (each.kind === "create") live.push(control.createEvent(account, { title: each.day, ...morningOf(each.day) }).id);
  if (each.kind === "expire") control.expireSyncTokens(account);
  const target = "which" in each ? live[each.which] : undefined;
  if (target === undefined) return;
  if (each.kind === "move") control.updateEvent(account, target, morningOf(each.day));
  if (each.kind === "cancel") {
    control.cancelEvent(account, target);
    live.splice(live.indexOf(target), 1);
  }
}

function morningOf(date: string) {
  return { start: at(`${date}T09:00:00`), end: at(`${date}T10:00:00`) };
}
