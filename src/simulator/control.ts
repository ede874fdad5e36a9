import type { Account, NewCalendar, ProviderKind } from "./accounts.js";
import type { SimulatedCalendar } from "./calendar.js";
import type { EventChanges, EventInput, SourceCalendar } from "./calendar-source.js";
import type { StoredEvent } from "./event.js";
import { callOff, createEvent, updateEvent } from "./event-edit.js";
import { externalCalendarId, externalEventId, internalEventId } from "./external-id.js";
import type { Fault, FaultInput } from "./faults.js";
import { fillWorld } from "./fill.js";
import { FlakyProfile } from "./flaky-profile.js";
import type { JournalEntry, JournalFilter } from "./journal.js";
import type { MailboxRule } from "./mailbox-limits.js";
import type { LifecycleEvent } from "./microsoft/change-message.js";
import { moveEvent } from "./move-event.js";
import { sendLifecycleEvent } from "./notifications/lifecycle.js";
import { occurrences } from "./occurrences.js";
import type { Occurrence } from "./occurrences.js";
import { USUAL_SCENARIO } from "./scenario.js";
import type { AccountScenario, Scenario } from "./scenario.js";
import type { ThrottleRule } from "./throttle.js";
import { StateError } from "./state-error.js";
import { isTimeZone } from "./time-zone.js";
import { usualScopes } from "./usual-scopes.js";
import type { World } from "./world.js";
import { worldState } from "./world-state.js";

/** The calendar meant where none is named. */
const PRIMARY = "primary";

/**
 * What a test or a person may do to the simulated world from outside the providers' APIs. Methods throw StateError (and MomentError,
 * RecurrenceError) for what cannot be done.
 */
export class Control {
  /** `refill` adds what a world begins with, after a reset too; what is there stays as it is. */
  constructor(
    readonly world: World,
    readonly refill: () => void,
  ) {}

  hasAccount(email: string): boolean {
    return this.world.accounts.find(email) !== undefined;
  }

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

  /** The calendar's zone; the default calendar's is that of a Microsoft account's mailbox. Events keep theirs. */
  setTimeZone(account: string, timeZone: string, calendar: string = PRIMARY): void {
    if (!isTimeZone(timeZone)) throw new StateError("invalid", `unknown time zone: ${timeZone}`);
    const changed = this.calendar(account, calendar);
    changed.description.timeZone = timeZone;
    changed.changes.advance();
  }

  /** A calendar's id as the provider's API tells it. */
  externalCalendarId(account: string, calendar: string = PRIMARY): string {
    return externalCalendarId(this.calendar(account, calendar));
  }

  /** The id of an event or instance as the provider's API tells it; for Microsoft to a client of immutable ids. */
  externalEventId(account: string, id: string, calendar: string = PRIMARY): string {
    return externalEventId(this.calendar(account, calendar), id);
  }

  /** Adds an event as the calendar's user does. */
  createEvent(account: string, event: EventInput, calendar: string = PRIMARY): StoredEvent {
    return createEvent(this.calendar(account, calendar), event);
  }

  /** Changes an event, a series, or one instance by its instance id. Ids may be the simulator's or, as everywhere, the API's. */
  updateEvent(account: string, id: string, changes: EventChanges, calendar: string = PRIMARY): StoredEvent {
    const changed = this.calendar(account, calendar);
    return updateEvent(changed, internalEventId(changed, id), changes);
  }

  /**
   * Cancels an event, a whole series, or one instance by its instance id. Microsoft's stays in the calendar as a meeting that its
   * organizer called off, until it is deleted.
   */
  cancelEvent(account: string, id: string, calendar: string = PRIMARY): StoredEvent {
    const changed = this.calendar(account, calendar);
    return changed.provider === "google" ? changed.remove(id) : callOff(changed, internalEventId(changed, id));
  }

  /** With Google the same as cancelling: a deleted event is one that is cancelled. */
  deleteEvent(account: string, id: string, calendar: string = PRIMARY): StoredEvent {
    const changed = this.calendar(account, calendar);
    return changed.remove(internalEventId(changed, id));
  }

  /** Moves an event or a whole series to another calendar of a Microsoft account. */
  moveEvent(account: string, id: string, to: string, from: string = PRIMARY): StoredEvent {
    const source = this.calendar(account, from);
    return moveEvent(source, this.calendar(account, to), internalEventId(source, id));
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

  /** Forgets histories: sync tokens and states given out so far are answered as expired. */
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
  issueRefreshToken(account: string, scopes: readonly string[] = this.#scopes(account)): string {
    return this.world.tokens.issueRefresh({ account, scopes });
  }

  issueAccessToken(account: string, options: { scopes?: readonly string[]; lifeSeconds?: number } = {}): string {
    const scopes = options.scopes ?? this.#scopes(account);
    return this.world.tokens.issueAccess({ account, scopes }, options.lifeSeconds);
  }

  /** An authorization code, as a user's consent gives one. Works once, for ten minutes. */
  issueAuthorizationCode(account: string, options: { scopes?: readonly string[]; redirectUri?: string } = {}): string {
    const { scopes = this.#scopes(account), redirectUri = null } = options;
    return this.world.codes.issue({ account, scopes, redirectUri });
  }

  /** A refresh token that the account already has; a new one where it has none. */
  refreshTokenOf(account: string): string {
    return this.world.tokens.refreshTokenOf(account) ?? this.issueRefreshToken(account);
  }

  /** Tells an account's subscriptions of something that befell them; those that are removed are gone. Resolves to how many there are. */
  async sendLifecycleEvent(account: string, event: LifecycleEvent): Promise<number> {
    return sendLifecycleEvent(this.world, this.world.accounts.account(account), event);
  }

  /** Parts left out go back to what is usual. */
  setScenario(scenario: Partial<Scenario>): Scenario {
    this.world.scenario = { ...USUAL_SCENARIO, ...scenario };
    return this.world.scenario;
  }

  /** Where an account's provider behaves otherwise to it than the scenario says. Parts left out are as the scenario says. */
  setAccountScenario(account: string, scenario: Partial<AccountScenario>): void {
    this.world.accounts.account(account).scenario = scenario;
  }

  setThrottle(rule: ThrottleRule | null): void {
    this.world.throttle.set(rule);
  }

  /** What each Microsoft mailbox allows; null is what is usual: 4 requests at a time and 10,000 in 10 minutes. */
  setMailboxLimits(rule: MailboxRule | null): void {
    this.world.mailboxLimits.set(rule);
  }

  /** `flaky:SEED` makes every provider unreliable from the next request on, null reliable again. */
  setProfile(name: string | null): void {
    this.world.profile = name === null ? null : FlakyProfile.of(name);
  }

  /** Everything as at the first start: the calendars given then, no faults, no journal, real time. */
  reset(): void {
    this.world.clear();
    this.refill();
  }

  state() {
    return worldState(this.world);
  }

  /** What the account's user grants usually. Throws StateError where there is no such account. */
  #scopes(account: string): readonly string[] {
    return usualScopes(this.world.accounts.account(account).provider);
  }
}
