import { afterEach } from "@jest/globals";
import type { EventInput } from "../../src/simulator/calendar-source.js";
import { startSimulator } from "../../src/simulator/simulator.js";
import type { Simulator, SimulatorOptions } from "../../src/simulator/simulator.js";
import { GoogleClient } from "./google-client.js";
import { GraphClient } from "./graph-client.js";

/** The account of the tests; its calendar is in Zurich's time. */
export const ann = "ann@example.com";

/** A Friday, with winter time in Zurich: the simulator's present in every test. */
export const present = Date.parse("2026-11-20T12:00:00Z");

const running: Simulator[] = [];

afterEach(async () => {
  for (const simulator of running.splice(0)) await simulator.close();
});

/** A simulator with ann's empty calendar, and the official client for it. Closed after the test. */
export async function givenAnn(
  options: SimulatorOptions = {},
): Promise<{ simulator: Simulator; client: GoogleClient }> {
  const simulator = await givenSimulator(options);
  simulator.control.addAccount(ann, { name: "Ann", timeZone: "Europe/Zurich" });
  return { simulator, client: clientOf(simulator, ann) };
}

export async function givenSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ now: () => present, ...options });
  running.push(simulator);
  return simulator;
}

export function clientOf(simulator: Simulator, account: string): GoogleClient {
  return new GoogleClient(simulator, simulator.control.issueAccessToken(account));
}

/** An hour on a day, at nine in the calendar's zone. */
export function hourOn(day: string, title = "Meeting"): EventInput {
  return { title, start: { dateTime: `${day}T09:00:00` }, end: { dateTime: `${day}T10:00:00` } };
}

export function dayOn(day: string, end: string, title = "Holiday"): EventInput {
  return { title, start: { date: day }, end: { date: end } };
}

/** Bob has a Microsoft account; his calendar is in Zurich's time. */
export const bob = "bob@example.org";

/** A simulator with bob's empty calendar, and the official client for it. Closed after the test. */
export async function givenBob(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; client: GraphClient }> {
  const simulator = await givenSimulator(options);
  simulator.control.addAccount(bob, { provider: "microsoft", name: "Bob", timeZone: "Europe/Zurich" });
  return { simulator, client: graphClientOf(simulator, bob) };
}

export function graphClientOf(simulator: Simulator, account: string): GraphClient {
  return new GraphClient(simulator, simulator.control.issueAccessToken(account));
}

/** A weekly hour on four Mondays; returns the series' id and those of its instances, as the simulator has them. */
export function givenWeekly(simulator: Simulator, title = "Weekly"): { id: string; instances: string[] } {
  const rule = "RRULE:FREQ=WEEKLY;COUNT=4";
  const { id } = simulator.control.createEvent(bob, { ...hourOn("2026-11-23", title), recurrence: [rule] });
  const days = ["20261123", "20261130", "20261207", "20261214"];
  return { id, instances: days.map((day) => `${id}_${day}T080000Z`) };
}
