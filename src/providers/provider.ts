/** The port between the sync engine and a calendar provider: what the engine asks, and how a provider may fail. */

import { inspect } from "node:util";

export type ProviderName = "GOOGLE" | "MICROSOFT";

/** One concrete occurrence as the provider tells it. Times are RFC 3339 in UTC (`2026-01-31T09:00:00.000Z`). */
export interface CalendarEvent {
  externalEventId: string;
  /** The id of the series this occurrence belongs to; null for a single event. */
  recurringEventId: string | null;
  /** Empty where the provider sends none or hides it. Never holds text that PostgreSQL refuses (NUL, lone surrogates). */
  title: string;
  isTentative: boolean;
  /** All-day events: midnight UTC of their first day, whatever the zone. */
  startsAt: string;
  /** Exclusive. All-day events: midnight UTC after their last day. Never before `startsAt`. */
  endsAt: string;
  isAllDay: boolean;
  /** IANA name, null where the provider names none. */
  timeZone: string | null;
  /** The key under which we made this event; null for all others (and for occurrences of a series). */
  eventKey: string | null;
}

export type EventChange =
  | { kind: "event"; event: CalendarEvent }
  /** Gone or cancelled at the provider; only the id is certain. The id of a series stands for all its occurrences. */
  | { kind: "removed"; externalEventId: string }
  /** Gone or cancelled at the provider: this event alone, which says nothing of the occurrences of a series with its id. */
  | { kind: "gone"; externalEventId: string }
  /**
   * Perhaps gone, perhaps only moved out of the window; or a series that has changed, of which the page has told what it could.
   * Nothing may be cancelled by it: whoever holds events with this id, or of this series, that the page does not tell, asks
   * `getEvents` what has become of them. Unknown ids mean nothing.
   */
  | { kind: "missing"; externalEventId: string }
  /** Cannot be represented (a broken event): counted, the rest of the page goes on. `reason` holds no personal data. */
  | { kind: "skipped"; externalEventId: string | null; reason: string };

/** A page of changes. At most one of `nextPageToken` and `nextCursor` is set; only the last page has the cursor, if the range yields one. */
export interface ChangePage {
  /** Each event at most once. May be empty, also when further pages follow. */
  changes: readonly EventChange[];
  /** Null on the last page. */
  nextPageToken: string | null;
  /**
   * Where a round that is interrupted after this page goes on: at the next page, or at an earlier one (null: the first) while
   * occurrences wait for a series that a later page may tell. Null on the last page.
   */
  resumePageToken: string | null;
  nextCursor: string | null;
}

/** From `windowStart` to `windowEnd`, `windowEnd` excluded. */
export interface EventWindow {
  windowStart: Date;
  windowEnd: Date;
}

/** What is asked for. Any of them may tell events outside the window, too. */
export type ChangeRange = EventWindow &
  // Everything overlapping the window; yields a new cursor.
  (
    | { kind: "FULL" }
    // Everything overlapping the window, however long; yields no cursor and leaves every cursor as it is.
    | { kind: "BOUNDED" }
    // Everything that has changed since a cursor, which a full round of this window has yielded.
    | { kind: "SINCE"; cursor: string }
  );

export interface ListChangesRequest {
  accessToken: string;
  range: ChangeRange;
  /** From the page before; null asks for the first page of the range. */
  pageToken: string | null;
}

/** An event that is held, as far as it helps to find it again. */
export interface KnownEvent extends Pick<CalendarEvent, "externalEventId" | "recurringEventId"> {
  startsAt: Date;
  endsAt: Date;
}

export interface GetEventsRequest {
  accessToken: string;
  events: readonly KnownEvent[];
}

/** What an event of ours shall say. Times as in CalendarEvent. */
export type EventContent = Pick<
  CalendarEvent,
  "title" | "isTentative" | "startsAt" | "endsAt" | "isAllDay" | "timeZone"
>;

/** What of an event's content a change is about; times go together with isAllDay and timeZone. */
export type EventField = "title" | "status" | "times";

export interface CreateEventRequest {
  accessToken: string;
  /** A UUID, ours, made once for each event. */
  eventKey: string;
  content: EventContent;
}

export interface UpdateEventRequest {
  accessToken: string;
  externalEventId: string;
  content: EventContent;
  fields: readonly EventField[];
}

export interface DeleteEventRequest {
  accessToken: string;
  externalEventId: string;
}

/** What became of a write. */
export type WrittenEvent =
  /** As the provider tells it now. isChanged is false when it already was as it should be (a repeated write). */
  | { kind: "event"; event: CalendarEvent; isChanged: boolean }
  /** Somebody has removed it at the provider: a removal there wins over our change. */
  | { kind: "gone" }
  /** Only for creating: the key's id is taken by an event that is not ours; ask again with a new key. */
  | { kind: "key taken" };

/**
 * One calendar as one attempt reads it. Between its calls it keeps in memory what it has learned (series, that the calendar is
 * there), never what would be lost with it: a round goes on at its `resumePageToken` in another one.
 */
export interface OpenCalendar {
  /** Pages of one round are asked for in order. A call that failed may be repeated. */
  listChanges(request: ListChangesRequest): Promise<ChangePage>;
  /**
   * What has become of events, in any order, each once: as it is now, `gone`, or `skipped` when it cannot be read. A request for
   * each event at most, and for each series of which several are asked two and its further pages; one for the calendar, unless it
   * has answered before. A calendar that cannot be reached is a failure: nothing in it is gone.
   */
  getEvents(request: GetEventsRequest): Promise<EventChange[]>;
  /**
   * Makes the event once, however often it is asked with the same key: an event that an earlier request with this key has made (its
   * answer was lost) is found again and brought to this content.
   */
  createEvent(request: CreateEventRequest): Promise<WrittenEvent>;
  /**
   * Changes only the named fields, on the event as it is now (read, then written with If-Match; when somebody else changes it in
   * between it is read again, a few times). Fields that are not named keep what the provider has.
   */
  updateEvent(request: UpdateEventRequest): Promise<WrittenEvent>;
  /** One that is gone already is a success. */
  deleteEvent(request: DeleteEventRequest): Promise<void>;
  /** The event that was made with the key, in case the answer was lost; null when there is none (or it is gone). */
  findByKey(request: { accessToken: string; eventKey: string }): Promise<CalendarEvent | null>;
}

/** A limit that a provider sets on how often our OAuth application may ask. */
export interface RequestQuota {
  /** Whose requests count together: all of the application's, or those for one mailbox. */
  scope: "APPLICATION" | "MAILBOX";
  requests: number;
  windowSeconds: number;
}

/** What calls to a provider are given besides their question. */
export interface ProviderCall {
  /** Aborts them: the run was fenced off, or the process stops. */
  signal: AbortSignal;
  /** Waited for before each HTTP request; it is not sent when that rejects, and the call fails. */
  admit?: () => Promise<void>;
  /** Called once for each HTTP request, before it is sent: attempts count them. */
  onRequest: () => void;
}

export interface AccessGrant {
  accessToken: string;
  /** Seconds from now until the access token expires. */
  expiresInSeconds: number;
  /** A new refresh token where the provider rotates them; null keeps the old one. */
  refreshToken: string | null;
}

/** A calendar provider. Every method makes HTTP requests without repeating any, and throws ProviderFailure, nothing else. */
export interface CalendarProvider {
  readonly name: ProviderName;
  /** Names the request parameters a cursor is bound to: a stored cursor with another fingerprint must not be used. */
  readonly cursorFingerprint: string;
  /** A cursor tells changes within the window of its round alone: another window needs another round. */
  readonly isCursorBoundToWindow: boolean;
  readonly quotas: readonly RequestQuota[];
  refreshAccess(refreshToken: string, call: ProviderCall): Promise<AccessGrant>;
  /** For the requests of one attempt. Makes none by itself. */
  openCalendar(calendarId: string, call: ProviderCall): OpenCalendar;
}

export type SyncErrorClass = "TRANSIENT" | "RATE_LIMITED" | "NON_RETRYABLE";

export type RevokedReason = "CREDENTIALS_REFUSED" | "CONSENT_NEEDED" | "CALENDAR_NOT_FOUND" | "MAILBOX_UNAVAILABLE";

/** What the engine does next about a failed call. */
export type FailureAction =
  /** By the retry policy of the class; a non-retryable failure ends the run. */
  | { kind: "FAIL" }
  /** The access token was refused: refresh it once within the attempt and repeat the call; refused again, revoke. */
  | { kind: "REFRESH_ACCESS" }
  /** The cursor (or the page a full round was to go on from) is dead: a full round from its start within the same attempt, once. */
  | { kind: "FULL_ROUND" }
  /** The connection is revoked; its runs are held until it is reconnected. */
  | { kind: "REVOKE"; reason: RevokedReason }
  /** Our own OAuth application is refused: the run is held, the operator must act, the connection stays as it is. */
  | { kind: "HOLD" };

export interface ProviderFailureDetails {
  errorClass: SyncErrorClass;
  /** Ours, stable, upper snake case: RATE_LIMITED, CURSOR_EXPIRED, INVALID_GRANT … (error-codes.ts has them all). */
  errorCode: string;
  action: FailureAction;
  /** Seconds the provider asked us to wait (already bounded to 24 h); null where it asked for nothing. */
  retryAfterSeconds: number | null;
  providerStatus: number | null;
  providerRequestId: string | null;
  cause?: unknown;
}

/**
 * A classified failure of a provider call. Its message is `summary`: fit for answers, logs and audit (no token, address, title
 * or name). The cause may hold secrets (client errors carry refresh tokens) and is never logged.
 */
export class ProviderFailure extends Error {
  readonly errorClass: SyncErrorClass;
  readonly errorCode: string;
  readonly action: FailureAction;
  readonly retryAfterSeconds: number | null;
  readonly providerStatus: number | null;
  readonly providerRequestId: string | null;

  constructor(summary: string, details: ProviderFailureDetails) {
    super(summary, { cause: details.cause });
    this.name = "ProviderFailure";
    this.errorClass = details.errorClass;
    this.errorCode = details.errorCode;
    this.action = details.action;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.providerStatus = details.providerStatus;
    this.providerRequestId = details.providerRequestId;
  }

  /** What console and util.inspect print: the stack without the cause. */
  [inspect.custom](): string {
    return this.stack ?? `${this.name}: ${this.message}`;
  }
}
