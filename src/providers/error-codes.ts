import type { SyncErrorClass } from "./provider.js";

/** What an error code means. The texts are fit for answers, logs and audit: no token, address, host, title or name. */
export interface ErrorCodeMeaning {
  /** About the same call if it were repeated unchanged. */
  errorClass: SyncErrorClass;
  /** What happened. */
  sentence: string;
  /** What a person does about it. */
  remedy: string;
}

const waits = "Nothing: it is tried again by the retry policy.";

/** Every code a provider's failure may carry. Codes are stable: clients, audit rows and alerts refer to them. */
export const providerErrorCodes = {
  CONNECTION_ERROR: {
    errorClass: "TRANSIENT",
    sentence: "The connection to the provider failed or broke off.",
    remedy: waits,
  },
  TIMEOUT: {
    errorClass: "TRANSIENT",
    sentence: "The provider did not answer in time.",
    remedy: waits,
  },
  CALL_ABORTED: {
    errorClass: "TRANSIENT",
    sentence: "The call to the provider was stopped by this server.",
    remedy: waits,
  },
  PROVIDER_UNAVAILABLE: {
    errorClass: "TRANSIENT",
    sentence: "The provider is temporarily unavailable.",
    remedy: waits,
  },
  REDIRECT_REFUSED: {
    errorClass: "TRANSIENT",
    sentence: "The provider's address redirected the call elsewhere, which is not followed.",
    remedy: "If it lasts: check the provider addresses and the proxy of this server.",
  },
  MALFORMED_ANSWER: {
    errorClass: "TRANSIENT",
    sentence: "The provider's answer was incomplete or not what its interface promises.",
    remedy: waits,
  },
  ANSWER_TOO_LARGE: {
    errorClass: "TRANSIENT",
    sentence: "The provider's answer was larger than this server accepts.",
    remedy: waits,
  },
  PAGE_TOKEN_REPEATED: {
    errorClass: "TRANSIENT",
    sentence: "The provider named a page it had already given, so its list would never end.",
    remedy: waits,
  },
  TOO_MANY_PAGES: {
    errorClass: "TRANSIENT",
    sentence: "The provider's list had more pages than this server accepts.",
    remedy: "If it lasts: choose a smaller window for this calendar.",
  },
  PROVIDER_CONFLICT: {
    errorClass: "TRANSIENT",
    sentence: "The provider was changing the same calendar at that moment.",
    remedy: waits,
  },
  UNEXPECTED_ERROR: {
    errorClass: "TRANSIENT",
    sentence: "The call to the provider failed in an unexpected way.",
    remedy: "If it lasts: report it with the correlation id; it is a fault of this server.",
  },
  RATE_LIMITED: {
    errorClass: "RATE_LIMITED",
    sentence: "The provider asked to slow down.",
    remedy: waits,
  },
  QUOTA_EXCEEDED: {
    errorClass: "RATE_LIMITED",
    sentence: "The account has used up the provider's usage limits for the time being.",
    remedy: "Nothing: it is tried again after an hour.",
  },
  DAILY_LIMIT_EXCEEDED: {
    errorClass: "RATE_LIMITED",
    sentence: "The requests the provider allows this application in a day are used up.",
    remedy:
      "It is tried again when the provider's day begins; ask the provider for more, or lengthen the sync interval.",
  },
  ACCESS_TOKEN_REFUSED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider refused the access token.",
    remedy: "Reconnect the calendar.",
  },
  INVALID_GRANT: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider no longer accepts the stored authorisation: it was withdrawn or has expired.",
    remedy: "Reconnect the calendar.",
  },
  CONSENT_REQUIRED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider wants its user to sign in and agree again.",
    remedy: "Reconnect the calendar.",
  },
  INSUFFICIENT_SCOPE: {
    errorClass: "NON_RETRYABLE",
    sentence: "The authorisation does not cover reading this calendar.",
    remedy: "Reconnect the calendar and agree to every permission asked for.",
  },
  INVALID_CLIENT: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider refused this server's own OAuth application.",
    remedy: "The operator checks the client id and the client secret; held runs then go on.",
  },
  API_DISABLED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The calendar interface is switched off for this server's OAuth application.",
    remedy: "The operator switches it on at the provider; held runs then go on.",
  },
  ACCESS_FORBIDDEN: {
    errorClass: "NON_RETRYABLE",
    sentence: "The account may not read this calendar.",
    remedy: "Let the calendar's owner share it with the account again, then resync.",
  },
  CALENDAR_NOT_FOUND: {
    errorClass: "NON_RETRYABLE",
    sentence: "The calendar does not exist any more, or the account cannot see it.",
    remedy: "Reconnect and choose another calendar.",
  },
  MAILBOX_UNAVAILABLE: {
    errorClass: "NON_RETRYABLE",
    sentence: "The account has no mailbox that can be read.",
    remedy: "Let the account's administrator restore or license the mailbox, then reconnect the calendar.",
  },
  CURSOR_EXPIRED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider no longer accepts the stored sync cursor.",
    remedy: "Nothing: a full round replaces it.",
  },
  PAGE_TOKEN_EXPIRED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider no longer accepts the page at which this round was to go on.",
    remedy: "Nothing: the round starts again.",
  },
  REQUEST_REFUSED: {
    errorClass: "NON_RETRYABLE",
    sentence: "The provider refused the request.",
    remedy: "Report it with the correlation id; repeating it unchanged does not help.",
  },
  CREDENTIALS_UNREADABLE: {
    errorClass: "NON_RETRYABLE",
    sentence: "The stored credentials cannot be decrypted.",
    remedy: "The operator restores the missing key; held runs then go on.",
  },
  CREDENTIALS_MISSING: {
    errorClass: "NON_RETRYABLE",
    sentence: "The connection has no stored credentials.",
    remedy: "Reconnect the calendar.",
  },
  DATABASE_UNAVAILABLE: {
    errorClass: "TRANSIENT",
    sentence: "This server's database did not answer in time.",
    remedy: waits,
  },
  INTERNAL_ERROR: {
    errorClass: "NON_RETRYABLE",
    sentence: "A fault of this server stopped the attempt.",
    remedy: "Report it with the correlation id.",
  },
} as const satisfies Record<string, ErrorCodeMeaning>;

export type ProviderErrorCode = keyof typeof providerErrorCodes;
