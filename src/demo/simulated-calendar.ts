import type { Simulator } from "../simulator/simulator.js";
import type { ProviderOccurrences } from "./comparison.js";

/** What of a simulated world is needed to find a calendar by the id that the provider's API gives it. */
export interface CalendarIds {
  accounts: readonly { email: string; calendars: readonly { id: string; externalId: string }[] }[];
}

/** The simulator's own id of a calendar. @throws Error where there is no such calendar */
export function simulatedCalendarId({ accounts }: CalendarIds, account: string, externalId: string): string {
  const calendars = accounts.find(({ email }) => email === account)?.calendars ?? [];
  const found = calendars.find((calendar) => calendar.externalId === externalId);
  if (!found) throw new Error("The simulator does not know a connected calendar");
  return found.id;
}

export function occurrencesOf({ control }: Simulator): ProviderOccurrences {
  const state = control.state();
  return (account, calendar, from, to) =>
    control.occurrences(account, from, to, simulatedCalendarId(state, account, calendar));
}
