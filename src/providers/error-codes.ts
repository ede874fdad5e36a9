import type { SyncErrorClass } from "./provider.js";

/** What kind of help a failure needs, as the API names it. */
export type Remedy =
  "NONE" | "WAIT" | "REPLAY" | "RECONNECT" | "CONFIRM_MASS_CANCEL" | "CHECK_CALENDAR" | "CONTACT_OPERATOR";

/** What an error code means. The texts are fit for answers, logs and audit: no token, address, host, title or name. */
export interface ErrorCodeMeaning {
  /** About the same call if it were repeated unchanged. */
  errorClass: SyncErrorClass;
  /** What happened. */
  sentence: string;
  /** While the failure is open. One that may be repeated is waited for, and replayed when its retries are used up. */
  remedy: Remedy;
  /** The same in words: what a person does about it. */
  advice: string;
}

const waits = { remedy: "WAIT", advice: "Nothing: it is tried again by the retry policy." } as const;

/** Every code a provider's failure may carry. Codes are stable: clients, audit rows and alerts refer to them. */
export const providerErrorCodes = {
  CONNECTION_ERROR: {
    errorClass: "TRANSIENT",
    sentence: "The connection to the provider failed or broke off.",
    ...waits,
  },
  TIMEOUT: {
    errorClass: "TRANSIENT",
    sentence: "The provider did not answer in time.",
    ...waits,
  },
  CALL_ABORTED: {
    errorClass: "TRANSIENT",
    sentence: "The call to the provider was stopped by this server.",
    ...waits,
  },
  PROVIDER_UNAVAILABLE: {
    errorClass: "TRANSIENT",
    sentence: "The provider is temporarily unavailable.",
    ...waits,
  },
  REDIRECT_REFUSED: {
    errorClass: "TRANSIENT",
    sentence: "The provider's address redirected the call elsewhere, which is not followed.",
    remedy: "WAIT",
    advice: "If it lasts: check the provider addresses and the proxy of this server.",
  },
  MALFORMED_ANSWER: {
    errorClass: "TRANSIENT",
    sentence: "The provider's answer was incomplete or not what its interface promises.",
    ...waits,
  },
  ANSWER_TOO_LARGE: {
    errorClass: "TRANSIENT",
    sentence: "The provider's answer was larger than this server accepts.",
    ...waits,
  },
  PAGE_TOKEN_REPEATED: {
    errorClass: "TRANSIENT",
    sentence: "The provider named a page it had already given, so its list would never end.",
    ...waits,
  },
  TOO_MANY_PAGES: {
    errorClass: "TRANSIENT",
    sentence: "The provider's list had more pages than this server accepts.",
    remedy: "WAIT",
    advice: "If it lasts: choose a smaller window for this calendar.",
  },
  PROVIDER_CONFLICT: {
    errorClass: "TRANSIENT",
    sentence: "The provider was changing the same calendar at that moment.",
    ...waits,
  },
  UNEXPECTED_ERROR: {
    errorClass: "TRANSIENT",
    sentence: "The call to the provider failed in an unexpected way.",
    remedy: "WAIT",
    advice: "If it lasts: report it with the correlation id; it is a fault of this server.",
  },
  RATE_LIMITED: {
    errorClass: "RATE_LIMITED",
    sentence: "The provider asked to slow down.",
    ...waits,
  },
  QUOTA_EXCEEDED: {
    errorClass: "RATE_LIMITED",
    sentence: "The account has used up the provider's usage limits for the time being.",
    remedy: "WAIT",
    advice: "Nothing: it is tried again after an hour.",
  },
  DAILY_LIMIT_EXCEEDED: {
    errorClass: "RATE_LIMITED",
    sentence: "The requests the provider allows this application in a day are used up.",
    remedy: "WAIT",
    advice:
      "It is tried again when the provider's day begins; ask the provider for more, or lengthen the sync interval.",
  },
  ACCESS_TOKEN_REFUSED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider refused the access token.",
    remedy: "RECONNECT",
    advice: "Reconnect the calendar.",
  },
  INVALID_GRANT: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider no longer accepts the stored authorisation: it was withdrawn or has expired.",
    remedy: "RECONNECT",
    advice: "Reconnect the calendar.",
  },
  CONSENT_REQUIRED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider wants its user to sign in and agree again.",
    remedy: "RECONNECT",
    advice: "Reconnect the calendar.",
  },
  INSUFFICIENT_SCOPE: {
    errorClass: "NON_RETRYABLE",
    sentence: "The authorisation does not cover reading this calendar.",
    remedy: "RECONNECT",
    advice: "Reconnect the calendar and agree to every permission asked for.",
  },
  INVALID_CLIENT: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider refused this server's own OAuth application.",
    remedy: "CONTACT_OPERATOR",
    advice: "The operator checks the client id and the client secret; held runs then go on.",
  },
  API_DISABLED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The calendar interface is switched off for this server's OAuth application.",
    remedy: "CONTACT_OPERATOR",
    advice: "The operator switches it on at the provider; held runs then go on.",
  },
  ACCESS_FORBIDDEN: {
    errorClass: "NON_RETRYABLE",
    sentence: "The account may not read this calendar.",
    remedy: "CHECK_CALENDAR",
    advice: "Let the calendar's owner share it with the account again, then resync.",
  },
  CALENDAR_NOT_FOUND: {
    errorClass: "NON_RETRYABLE",
    sentence: "The calendar does not exist any more, or the account cannot see it.",
    remedy: "CHECK_CALENDAR",
    advice: "Reconnect and choose another calendar.",
  },
  MAILBOX_UNAVAILABLE: {
    errorClass: "NON_RETRYABLE",
    sentence: "The account has no mailbox that can be read.",
    remedy: "RECONNECT",
    advice: "Let the account's administrator restore or license the mailbox, then reconnect the calendar.",
  },
  EVENT_CONFLICT: {
    errorClass: "TRANSIENT",
    sentence: "The event was changed at the provider again and again while it was being written.",
    ...waits,
  },
  EVENT_EXISTS: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider already has an event that was made under the same key.",
    remedy: "CONTACT_OPERATOR",
    advice: "Report it with the correlation id; such an event is usually found again.",
  },
  WRITE_FORBIDDEN: {
    errorClass: "NON_RETRYABLE",
    sentence: "The account may read this calendar, but not change the event.",
    remedy: "CHECK_CALENDAR",
    advice: "Let the calendar's owner give the account the right to change events; later changes are then written.",
  },
  NOT_THE_ORGANIZER: {
    errorClass: "NON_RETRYABLE",
    sentence: "Only the organizer of the event may change it.",
    remedy: "CHECK_CALENDAR",
    advice: "Change the event in the calendar of its organizer.",
  },
  OCCURRENCE_CROSSING: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider lets no occurrence of a series pass the one before or after it.",
    remedy: "CHECK_CALENDAR",
    advice: "Move the occurrence to a time between its neighbours, or move the series at the provider.",
  },
  WRITE_CONSENT_MISSING: {
    errorClass: "NON_RETRYABLE",
    sentence: "The authorisation covers reading this calendar, but not changing it.",
    remedy: "RECONNECT",
    advice: "Reconnect the calendar and agree to every permission asked for; reading goes on meanwhile.",
  },
  CURSOR_EXPIRED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider no longer accepts the stored sync cursor.",
    remedy: "WAIT",
    advice: "Nothing: a full round replaces it.",
  },
  PAGE_TOKEN_EXPIRED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider no longer accepts the page at which this round was to go on.",
    remedy: "WAIT",
    advice: "Nothing: the round starts again.",
  },
  REQUEST_REFUSED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider refused the request.",
    remedy: "CONTACT_OPERATOR",
    advice: "Report it with the correlation id; repeating it unchanged does not help.",
  },
  MAILBOX_FULL: {
    errorClass: "NON_RETRYABLE",
    sentence: "The account's mailbox is full.",
    remedy: "CHECK_CALENDAR",
    advice: "Let the account's user free space in the mailbox, then resync.",
  },
  CREDENTIALS_UNREADABLE: {
    errorClass: "NON_RETRYABLE",
    sentence: "The stored credentials cannot be decrypted.",
    remedy: "CONTACT_OPERATOR",
    advice: "The operator restores the missing key; held runs then go on.",
  },
  CREDENTIALS_MISSING: {
    errorClass: "NON_RETRYABLE",
    sentence: "The connection has no stored credentials.",
    remedy: "RECONNECT",
    advice: "Reconnect the calendar.",
  },
  DATABASE_UNAVAILABLE: {
    errorClass: "TRANSIENT",
    sentence: "This server's database did not answer in time.",
    ...waits,
  },
  INTERNAL_ERROR: {
    errorClass: "NON_RETRYABLE",
    sentence: "A fault of this server stopped the attempt.",
    remedy: "CONTACT_OPERATOR",
    advice: "Report it with the correlation id.",
  },
} as const satisfies Record<string, ErrorCodeMeaning>;

export type ProviderErrorCode = keyof typeof providerErrorCodes;

/** Every code that the engine itself closes an attempt with. */
export const engineErrorCodes = {
  WORKER_LOST: {
    errorClass: "TRANSIENT",
    sentence: "The worker that had this in hand was killed or froze.",
    remedy: "WAIT",
    advice:
      "Nothing: another worker goes on at once. After the third lost worker: find out what kills them, then replay.",
  },
  WORKER_STOPPED: {
    errorClass: "TRANSIENT",
    sentence: "The worker that had this in hand was stopped, as in a deployment.",
    remedy: "WAIT",
    advice: "Nothing: another worker goes on at once.",
  },
  CANCELLED: {
    errorClass: "NON_RETRYABLE",
    sentence: "A manager has cancelled the run.",
    remedy: "NONE",
    advice: "Nothing.",
  },
  MASS_CANCEL: {
    errorClass: "NON_RETRYABLE",
    sentence: "Too many appointments were missing at the provider to be cancelled without being asked.",
    remedy: "CONFIRM_MASS_CANCEL",
    advice: "Look at the calendar. If so much is gone indeed, resync the connection with allowMassCancel.",
  },
} as const satisfies Record<string, ErrorCodeMeaning>;

export type EngineErrorCode = keyof typeof engineErrorCodes;

/** All codes, by name. */
export const errorCodes: ReadonlyMap<string, ErrorCodeMeaning> = new Map<string, ErrorCodeMeaning>(
  Object.entries({ ...providerErrorCodes, ...engineErrorCodes }),
);
