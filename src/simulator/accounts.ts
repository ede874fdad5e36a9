import { SimulatedCalendar } from "./calendar.js";
import type { AccessRole } from "./calendar.js";
import type { IdentifierSource } from "./identifiers.js";
import type { AccountScenario } from "./scenario.js";
import { StateError } from "./state-error.js";

export type ProviderKind = "google" | "microsoft";

export interface NewCalendar {
  account: string;
  /** The account's own address for its primary calendar. */
  id: string;
  name: string;
  description?: string;
  timeZone: string;
  accessRole?: AccessRole;
}

/** A calendar in an account's list; removed ones stay, so that list tokens can tell of them. */
export interface CalendarEntry {
  calendar: SimulatedCalendar;
  /** The account's list number at which the entry was added or removed. */
  seq: number;
  isRemoved: boolean;
}

export interface Account {
  email: string;
  provider: ProviderKind;
  /** The owner took the access back: no token of the account works until this is undone. */
  isRevoked: boolean;
  /** Where its provider behaves otherwise to it than to all others. */
  scenario: Partial<AccountScenario>;
  listSeq: number;
  listPrunedSeq: number;
  entries: Map<string, CalendarEntry>;
}

/** Accounts and their calendars. An account belongs to one provider; addresses are unique over both. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();

  constructor(
    private readonly identifiers: IdentifierSource,
    private readonly now: () => number,
  ) {}

  all(): Iterable<Account> {
    return this.#accounts.values();
  }

  find(email: string): Account | undefined {
    return this.#accounts.get(email);
  }

  /** Throws StateError where there is none. */
  account(email: string): Account {
    const account = this.#accounts.get(email);
    if (!account) throw new StateError("missing", `no such account: ${email}`);
    return account;
  }

  /** Throws StateError where there is no such calendar. `primary` is the account's own calendar. */
  calendar(email: string, id: string): SimulatedCalendar {
    const calendar = findCalendar(this.account(email), id);
    if (!calendar) throw new StateError("missing", `no such calendar: ${id} of ${email}`);
    return calendar;
  }

  addAccount(email: string, provider: ProviderKind): Account {
    if (this.#accounts.has(email)) throw new StateError("duplicate", `the account exists: ${email}`);
    const lists = { listSeq: 0, listPrunedSeq: 0, entries: new Map() };
    const account: Account = { email, provider, isRevoked: false, scenario: {}, ...lists };
    this.#accounts.set(email, account);
    return account;
  }

  addCalendar(calendar: NewCalendar): SimulatedCalendar {
    const account = this.account(calendar.account);
    if (findCalendar(account, calendar.id)) throw new StateError("duplicate", `the calendar exists: ${calendar.id}`);
    const { id, name, timeZone, accessRole = "owner", description } = calendar;
    const incarnation = this.identifiers.next("calendar").slice(0, 8);
    const described = {
      id,
      name,
      timeZone,
      accessRole,
      incarnation,
      ...(description === undefined ? {} : { description }),
    };
    const made = new SimulatedCalendar(described, account.provider, this.identifiers, this.now);
    account.entries.set(id, { calendar: made, seq: ++account.listSeq, isRemoved: false });
    return made;
  }

  /** The calendar is deleted or no longer shared: it answers "not found" from now on. */
  removeCalendar(email: string, id: string): void {
    const account = this.account(email);
    const entry = account.entries.get(id);
    if (!entry || entry.isRemoved) throw new StateError("missing", `no such calendar: ${id} of ${email}`);
    entry.isRemoved = true;
    entry.seq = ++account.listSeq;
  }

  clear(): void {
    this.#accounts.clear();
  }
}

/** The name of the account's owner. */
export function ownerNameOf({ email, entries }: Account): string {
  return entries.get(email)?.calendar.description.name ?? email;
}

export function findCalendar(account: Account, id: string): SimulatedCalendar | undefined {
  const entry = account.entries.get(id === "primary" ? account.email : id);
  return entry && !entry.isRemoved ? entry.calendar : undefined;
}
