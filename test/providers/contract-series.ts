import { expect, test } from "@jest/globals";
import { CalendarCopy } from "./calendar-copy.js";
import { account, at, review, window, type ContractWorld } from "./contract-world.js";

const daily = (count: number) => [`RRULE:FREQ=DAILY;COUNT=${count}`];
const standUp = {
  title: "Stand-up",
  start: at("2026-10-20T08:30:00"),
  end: at("2026-10-20T08:45:00"),
  recurrence: daily(30),
};

/** Whatever is done to a series, its occurrences end as they should. */
export function describeSeries(world: ContractWorld): void {
  const pulledSeries = async () => {
    const { id } = world.control.createEvent(account, standUp);
    world.control.createEvent(account, review);
    const copy = new CalendarCopy();
    await world.pull(copy);
    return { id, copy };
  };

  test.each<[string, Parameters<ContractWorld["control"]["updateEvent"]>[2], number]>([
    ["renamed", { title: "Daily" }, 30],
    ["moved to another hour", { start: at("2026-10-20T10:30:00"), end: at("2026-10-20T10:45:00") }, 30],
    ["moved to another day", { start: at("2026-10-27T08:30:00"), end: at("2026-10-27T08:45:00") }, 30],
    ["made longer", { recurrence: daily(40) }, 40],
    ["made shorter", { recurrence: daily(10) }, 10],
    ["given another rhythm", { recurrence: ["RRULE:FREQ=WEEKLY;COUNT=8"] }, 8],
    ["made tentative", { status: "tentative" }, 30],
    ["moved out of the window", { start: at("2029-10-20T08:30:00"), end: at("2029-10-20T08:45:00") }, 0],
    ["made a single event", { recurrence: [] }, 1],
  ])("that is %s", async (_name, changes, count) => {
    const { id, copy } = await pulledSeries();
    world.control.updateEvent(account, id, changes);
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(count + 1);
  });

  test("that is renamed keeps occurrences that were changed singly as they are told, and those deleted singly away", async () => {
    const { id, copy } = await pulledSeries();
    world.control.updateEvent(account, `${id}_20261022T063000Z`, {
      title: "Special",
      start: at("2026-10-22T11:00:00"),
    });
    world.control.deleteEvent(account, `${id}_20261023T063000Z`);
    world.control.updateEvent(account, id, { title: "Daily" });
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(30);
  });

  test("whose occurrence is moved out of the window and deleted there", async () => {
    const { id, copy } = await pulledSeries();
    const occurrence = `${id}_20261022T063000Z`;
    world.control.updateEvent(account, occurrence, {
      start: at("2028-01-01T08:30:00"),
      end: at("2028-01-01T08:45:00"),
    });
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.known().find(({ startsAt }) => startsAt > window.windowEnd)).toBeDefined();
    world.control.deleteEvent(account, occurrence);
    await world.pullChanges(copy);
    expect(copy.known()).toHaveLength(30);
  });

  test("that was a single event", async () => {
    const { id } = world.control.createEvent(account, review);
    const copy = new CalendarCopy();
    await world.pull(copy);
    world.control.updateEvent(account, id, { recurrence: daily(5) });
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(5);
  });

  test("that began before the window", async () => {
    const { control } = world;
    const { id } = control.createEvent(account, {
      ...standUp,
      start: at("2020-01-01T08:30:00"),
      end: at("2020-01-01T08:45:00"),
      recurrence: ["RRULE:FREQ=WEEKLY"],
    });
    const copy = new CalendarCopy();
    await world.pull(copy);
    world.expectSame(copy);
    control.updateEvent(account, id, { title: "Weekly" });
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(52);
  });

  test.each(["cancelled", "deleted"] as const)("that is %s takes its changed occurrences along", async (how) => {
    const { id, copy } = await pulledSeries();
    world.control.updateEvent(account, `${id}_20261022T063000Z`, { title: "Special" });
    await world.pullChanges(copy);
    if (how === "cancelled") world.control.cancelEvent(account, id);
    else world.control.deleteEvent(account, id);
    await world.pullChanges(copy);
    world.expectSame(copy);
    expect(copy.occurrences(window)).toHaveLength(1);
  });
}
