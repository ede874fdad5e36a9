import type { Simulator } from "../../src/simulator/simulator.js";

const dayMs = 24 * 60 * 60 * 1000;

/** A time so many days from today, on the hour: RFC 3339 in UTC. */
export function at(day: number, hour = 9): string {
  const today = new Date(new Date().toISOString().slice(0, 10)).getTime();
  return new Date(today + day * dayMs + hour * 60 * 60 * 1000).toISOString();
}

/** Adds an event of one hour as the calendar's user does; returns its id. */
export function addEvent(simulator: Simulator, account: string, title: string, day = 1, hour = 9): string {
  const times = { start: { dateTime: at(day, hour) }, end: { dateTime: at(day, hour + 1) } };
  return simulator.control.createEvent(account, { title, ...times }).id;
}

/** Adds so many events, one an hour from tomorrow on; returns their ids. */
export function addEvents(simulator: Simulator, account: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    addEvent(simulator, account, `Event ${index + 1}`, 1 + Math.floor(index / 24), index % 24),
  );
}
