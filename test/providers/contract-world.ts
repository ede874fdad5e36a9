import { expect } from "@jest/globals";
import { ProviderHttp } from "../../src/providers/http.js";
import {
  ProviderFailure,
  type CalendarProvider,
  type ChangePage,
  type ChangeRange,
  type OpenCalendar,
} from "../../src/providers/provider.js";
import type { ProviderKind } from "../../src/simulator/accounts.js";
import type { SourceCalendar } from "../../src/simulator/calendar-source.js";
import type { Control } from "../../src/simulator/control.js";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.js";
import type { CalendarCopy } from "./calendar-copy.js";

export type MakeProvider = (simulator: Simulator, http: ProviderHttp) => CalendarProvider;

/** The account the tests write in. */
export const account = "contract@example.com";
export const now = Date.parse("2026-11-22T12:00:00Z");
export const window = { windowStart: new Date("2026-06-01T00:00:00Z"), windowEnd: new Date("2027-06-01T00:00:00Z") };

export const fullRound: ChangeRange = { kind: "FULL", ...window };
export const since = (cursor: string): ChangeRange => ({ kind: "SINCE", cursor, ...window });

/** What differs from provider to provider. */
export interface ContractSubject {
  name: string;
  makeProvider: MakeProvider;
  /** Found in the addresses of requests for changes, and in no other. */
  listPath: string;
  provider: ProviderKind;
  /** How a connection names an account's calendar; its default one where none is named. */
  calendarIdOf: (control: Control, account: string, calendar?: string) => string;
  /** A grant without the right to read calendars. */
  uselessScopes: readonly string[];
  /** A grant with the right to read calendars, not to write. */
  readScopes: readonly string[];
  /** As what a write with such a grant is refused. */
  readOnlyCode: string;
}

export const at = (dateTime: string, timeZone = "Europe/Zurich") => ({ dateTime, timeZone });
/** A meeting within the window. */
export const review = { title: "Review", start: at("2026-11-23T09:00:00"), end: at("2026-11-23T10:00:00") };

const nothing = () => undefined;

/** A provider over its client against a simulator of its own. */
export class ContractWorld {
  /** HTTP requests the calls said they made. */
  requests = 0;
  /** Short for what only a limit ends; the limits themselves are tested elsewhere. */
  patience: "usual" | "short" = "usual";
  /** What happens before a call sends its next request. */
  beforeRequest: () => void = nothing;
  readonly #subject: ContractSubject;
  readonly #http = { usual: new ProviderHttp(), short: new ProviderHttp({ totalMs: 2000 }) };
  #running: { simulator: Simulator; usual: CalendarProvider; short: CalendarProvider } | null = null;

  constructor(subject: ContractSubject) {
    this.#subject = subject;
  }

  async start(calendars: SourceCalendar[] = []): Promise<void> {
    const key = this.#subject.provider === "google" ? "googleCalendars" : "microsoftCalendars";
    const simulator = await startSimulator({ now: () => now, [key]: calendars });
    const { usual, short } = this.#http;
    this.#running = {
      simulator,
      usual: this.#subject.makeProvider(simulator, usual),
      short: this.#subject.makeProvider(simulator, short),
    };
  }

  get control(): Control {
    return this.#started.simulator.control;
  }

  /** Back to a single account with an empty calendar. */
  reset(): void {
    this.control.reset();
    this.control.addAccount(account, { provider: this.#subject.provider, timeZone: "Europe/Zurich" });
    this.requests = 0;
    this.patience = "usual";
    this.beforeRequest = nothing;
  }

  async access(owner = account): Promise<string> {
    const grant = await this.#started[this.patience].refreshAccess(this.control.refreshTokenOf(owner), this.#call());
    return grant.accessToken;
  }

  /** As one attempt has it. */
  openCalendar(): OpenCalendar {
    return this.opener(account)();
  }

  /** Opens a calendar again and again, also when it is not there any more. */
  opener(owner: string, calendar?: string): () => OpenCalendar {
    const calendarId = this.#subject.calendarIdOf(this.control, owner, calendar);
    return () => this.#started[this.patience].openCalendar(calendarId, this.#call());
  }

  listPage(range: ChangeRange, pageToken: string | null, accessToken: string): Promise<ChangePage> {
    return this.openCalendar().listChanges({ accessToken, range, pageToken });
  }

  /** Lists a round to its end, as the engine does, and applies it. */
  async pull(copy: CalendarCopy, range: ChangeRange = fullRound, owner = account): Promise<ChangePage[]> {
    const accessToken = await this.access(owner);
    const calendar = this.opener(owner)();
    const pages: ChangePage[] = [];
    let pageToken: string | null = null;
    do {
      const page: ChangePage = await calendar.listChanges({ accessToken, range, pageToken });
      copy.apply(await this.resolved(page, copy, calendar, accessToken));
      pages.push(page);
      pageToken = page.nextPageToken;
    } while (pageToken !== null);
    return pages;
  }

  /** Asks what has become of what a page calls missing, as the engine does. */
  async resolved(
    page: ChangePage,
    copy: CalendarCopy,
    calendar: OpenCalendar,
    accessToken: string,
  ): Promise<ChangePage> {
    const events = copy.heldOf(page);
    if (events.length === 0) return page;
    return { ...page, changes: [...page.changes, ...(await calendar.getEvents({ accessToken, events }))] };
  }

  pullChanges(copy: CalendarCopy): Promise<ChangePage[]> {
    return this.pull(copy, since(copy.cursor ?? ""));
  }

  /** The copy holds what a client should see, no more and no less. */
  expectSame(copy: CalendarCopy, owner = account): void {
    const { windowStart, windowEnd } = window;
    expect(copy.occurrences(window)).toEqual(this.control.occurrences(owner, windowStart, windowEnd));
  }

  async close(): Promise<void> {
    await Promise.all([this.#http.usual.close(), this.#http.short.close()]);
    await this.#started.simulator.close();
  }

  get #started() {
    if (this.#running === null) throw new Error("the world has not been started");
    return this.#running;
  }

  #call() {
    const admit = () => {
      this.beforeRequest();
      return Promise.resolve();
    };
    return { signal: new AbortController().signal, admit, onRequest: () => (this.requests += 1) };
  }
}

/** What a call failed with. Anything else than a ProviderFailure breaks the port's promise. */
export async function failureOf(call: Promise<unknown>): Promise<ProviderFailure> {
  const outcome = await call.then(
    () => "a success",
    (error: unknown) => error,
  );
  if (outcome instanceof ProviderFailure) return outcome;
  throw new Error("expected a ProviderFailure", { cause: outcome });
}
