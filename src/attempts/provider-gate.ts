import type { CalendarProvider } from "../connections/calendar-connection.enums.js";

/**
 * As what an attempt asks to start: an automatic RETRY draws from the provider's retry budget; what a MANAGER has asked for may probe a
 * provider that is down at once; OTHER is a first try, and a retry whose place in the budget is reserved already.
 */
export type StartKind = "RETRY" | "MANAGER" | "OTHER";

export type Admission =
  /** A probe's answer tells whether the provider is back. */
  | { kind: "START"; isProbe: boolean }
  /** Not before `at`, by the database's clock: a place in the retry budget is reserved for then. */
  | { kind: "WAIT_FOR_BUDGET"; at: Date }
  /** The provider is down: everything that waits for it is due when it is back, and looks again at `at` in any case. */
  | { kind: "WAIT_FOR_PROVIDER"; at: Date };

/** What an attempt needs to know of its provider before it starts and when it is closed. */
export interface ProviderGate {
  /** Whether the provider's breaker is open, as far as this process knows (it looks every second). Asks nothing. */
  isShut(provider: CalendarProvider): boolean;
  /** Asks over all processes, in a transaction of its own: not to be called within another. */
  ask(provider: CalendarProvider, as: StartKind): Promise<Admission>;
  /** The probe that was allowed tells nothing: another may be tried. */
  giveUpProbe(provider: CalendarProvider): Promise<void>;
}
