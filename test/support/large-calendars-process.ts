/**
 * A simulator in a process of its own, whose calendars may have a million events: its argument is the orders, as JSON. Prints a line of JSON
 * with its addresses and the accounts' refresh tokens when it answers.
 */
import { startSimulator, type Simulator } from "../../src/simulator/simulator.js";
import { endWithParent } from "./end-with-parent.js";
import type { LargeCalendarOrder, StartedCalendars } from "./large-calendars.js";

const minuteMs = 60_000;
/** All of them within the two months around now, so that each is in everybody's window. */
const spreadMs = 50 * 24 * 60 * minuteMs;

function fill({ control }: Simulator, { account, provider, events }: LargeCalendarOrder): void {
  control.addAccount(account, { provider });
  const calendar = control.calendar(account);
  const first = Math.floor(Date.now() / minuteMs) * minuteMs - 20 * 24 * 60 * minuteMs;
  for (let index = 0; index < events; index += 1) {
    const startsAt = first + Math.floor((index / events) * (spreadMs / minuteMs)) * minuteMs;
    const times = { startsAt, endsAt: startsAt + 30 * minuteMs, isAllDay: false, timeZone: "UTC" };
    calendar.create({ times, content: { eventType: "default", title: `Appointment ${index + 1}` } });
  }
}

endWithParent();
const orders = JSON.parse(process.argv[2] ?? "[]") as LargeCalendarOrder[];
const simulator = await startSimulator();
for (const order of orders) fill(simulator, order);
const { url, googleApiUrl, googleTokenUrl, microsoftApiUrl, microsoftLoginUrl, control } = simulator;
const refreshTokens = Object.fromEntries(orders.map(({ account }) => [account, control.refreshTokenOf(account)]));
const started: StartedCalendars = {
  ...{ url, googleApiUrl, googleTokenUrl, microsoftApiUrl, microsoftLoginUrl },
  refreshTokens,
};
process.stdout.write(`${JSON.stringify(started)}\n`);
