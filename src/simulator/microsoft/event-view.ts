import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import type { Scenario } from "../scenario.js";
import type { Preferences } from "./preferences.js";

/** Where an event is shown, to whom and how. */
export interface EventView {
  account: Account;
  calendar: SimulatedCalendar;
  preferences: Preferences;
  scenario: Scenario;
}
