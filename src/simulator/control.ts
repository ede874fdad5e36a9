import type { Account, NewCalendar, ProviderKind } from "./accounts.js";
import type { SimulatedCalendar } from "./calendar.js";
import type { EventChanges, EventInput, SourceCalendar } from "./calendar-source.js";
import type { StoredEvent } from "./event.js";
import { createEvent, updateEvent } from "./event-edit.js";
import type { Fault, FaultInput } from "./faults.js";
import { fillWorld } from "./fill.js";
import { USUAL_GOOGLE_SCOPES } from "./google/authorization.js";
import type { JournalEntry, JournalFilter } from "./journal.js";
import { occurrences } from "./occurrences.js";
import type { Occurrence } from "./occurrences.js";
import { USUAL_SCENARIO } from "./scenario.js";
import type { Scenario } from "./scenario.js";
import type { ThrottleRule } from "./throttle.js";
import type { World } from "./world.js";

/** The calendar meant where none is named. */
const PRIMARY = "primary";

/**
 * What a test or a person may do to the simulated world from outside the providers' APIs. Methods throw StateError (and MomentError,
 * RecurrenceError) for what cannot be done.
 */
export class Control {
  /** Fills the world again after a reset. */
  constructor(
    readonly world: World,
    private readonly refill: () => void,
  ) {}

  /** Adds an account with an empty primary calendar and a refresh token. */
  addAccount(email: string, options: { provider?: ProviderKind; name?: string; timeZone?: string } = {}): Account {
    const account = this.world.accounts.addAccount(email, options.provider ?? "google");
    this.world.accounts.addCalendar({
      account: email,
      id: email,
      name: options.name ?? email,
      timeZone: options.timeZone ?? "UTC",
    });
    this.issueRefreshToken(email);
    return account;
  }

  addCalendar(calendar: NewCalendar): SimulatedCalendar {
    return this.world.accounts.addCalendar(calendar);
  }

  removeCalendar(account: string, id: string): void {
    this.world.accounts.removeCalendar(account, id);
  }

  fill(provider: ProviderKind, calendars: readonly SourceCalendar[]): void {
    fillWorld(this.world, provider, calendars);
  }

  calendar(account: string, id: string = PRIMARY): SimulatedCalendar {
    return this.world.accounts.calendar(account, id);
  }

  /** Adds an event as the calendar's user does. */
  createEvent(account: string, event: EventInput, calendar: string = PRIMARY): StoredEvent {
    return createEvent(this.calendar(account, calendar), event);
  }

  /** Changes an event, a series, or one instance by its instance id. */
  updateEvent(account: string, id: string, changes: EventChanges, calendar: string = PRIMARY): StoredEvent {
    return updateEvent(this.calendar(account, calendar), id, changes);
  }

  /** Cancels an event, a whole series, or one instance by its instance id. */
  cancelEvent(account: string, id: string, calendar: string = PRIMARY): StoredEvent {
    return this.calendar(account, calendar).remove(id);
  }

  /** With Google the same as cancelling: a deleted event is one that is cancelled. */
  deleteEvent(account: string, id: string, calendar: string = PRIMARY): StoredEvent {
    return this.cancelEvent(account, id, calendar);
  }

  /** What a client of a calendar should see between two instants. */
  occurrences(account: string, from: Date, to: Date, calendar: string = PRIMARY): Occurrence[] {
    return occurrences(this.calendar(account, calendar), from.getTime(), to.getTime());
  }

  addFault(fault: FaultInput): Fault {
    return this.world.faults.add(fault);
  }

  /** Removes one fault, or all. */
  clearFaults(id?: number): void {
    if (id === undefined) this.world.faults.clear();
    else this.world.faults.remove(id);
  }

  requests(filter: JournalFilter = {}): JournalEntry[] {
    return this.world.journal.entries(filter);
  }

  clearRequests(): void {
    this.world.journal.clear();
  }

  advanceClock(milliseconds: number): void {
    this.world.clock.advance(milliseconds);
  }

  /** Forgets histories: sync tokens given out so far are answered with 410. */
  expireSyncTokens(account?: string, calendar?: string): void {
    for (const owner of account === undefined ? this.world.accounts.all() : [this.world.accounts.account(account)]) {
      const entries =
        calendar === undefined
          ? [...owner.entries.values()].map((entry) => entry.calendar)
          : [this.calendar(owner.email, calendar)];
      for (const pruned of entries) pruned.prune();
      if (calendar === undefined) owner.listPrunedSeq = ++owner.listSeq;
    }
  }

  expireAccessTokens(account?: string): void {
    this.world.tokens.expireAccess(account);
  }

  /** Takes an account's access back, or gives it again. */
  setRevoked(account: string, isRevoked: boolean): void {
    this.world.accounts.account(account).isRevoked = isRevoked;
  }

  /** A refresh token of an account; every one ever issued works. */
  issueRefreshToken(account: string, scopes: readonly string[] = USUAL_GOOGLE_SCOPES): string {
    this.world.accounts.account(account);
    return this.world.tokens.issueRefresh({ account, scopes });
  }

  issueAccessToken(account: string, options: { scopes?: readonly string[]; lifeSeconds?: number } = {}): string {
    this.world.accounts.account(account);
    return this.world.tokens.issueAccess(
      { account, scopes: options.scopes ?? USUAL_GOOGLE_SCOPES },
      options.lifeSeconds,
    );
  }

  /** An authorization code, as a user's consent gives one. Works once. */
  issueAuthorizationCode(account: string, options: { scopes?: readonly string[]; redirectUri?: string } = {}): string {
    this.world.accounts.account(account);
    return this.world.tokens.issueCode({
      account,
      scopes: options.scopes ?? USUAL_GOOGLE_SCOPES,
      redirectUri: options.redirectUri ?? null,
    });
  }

  /** A refresh token that the account already has; a new one where it has none. */
  refreshTokenOf(account: string): string {
    return this.world.tokens.refreshTokenOf(account) ?? this.issueRefreshToken(account);
  }

  /** Parts left out go back to what is usual. */
  setScenario(scenario: Partial<Scenario>): Scenario {
    this.world.scenario = { ...USUAL_SCENARIO, ...scenario };
    return this.world.scenario;
  }

  setThrottle(rule: ThrottleRule | null): void {
    this.world.throttle.set(rule);
  }

  /** Everything as at the first start: the calendars given then, no faults, no journal, real time. */
  reset(): void {
    this.world.clear();
    this.refill();
  }

  state() {
    const { clock, scenario, throttle, faults } = this.world;
    const accounts = [...this.world.accounts.all()].map((account) => this.#accountState(account));
    return {
      now: new Date(clock.now()).toISOString(),
      scenario,
      throttle: throttle.rule,
      faults: faults.active(),
      accounts,
    };
  }

  #accountState(account: Account) {
    const { email, provider, isRevoked, entries } = account;
    const calendars = [...entries.values()].map(({ calendar, isRemoved }) => {
      const { id, name, timeZone, accessRole } = calendar.description;
      return {
        id,
        name,
        timeZone,
        accessRole,
        isRemoved,
        seq: calendar.seq,
        prunedSeq: calendar.prunedSeq,
        events: calendar.events.length,
      };
    });
    return { email, provider, isRevoked, refreshToken: this.world.tokens.refreshTokenOf(email) ?? null, calendars };
  }
}
