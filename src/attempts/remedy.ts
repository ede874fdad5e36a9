import type { RowOf } from "../graphql/rows.js";
import type { SyncAttempt } from "./sync-attempt.entity.js";
import type { SyncRemedy } from "./sync.enums.js";

/** What helps against failures that do not pass by themselves, by their code. */
const remedies: Readonly<Record<string, SyncRemedy>> = {
  ACCESS_TOKEN_REFUSED: "RECONNECT",
  INVALID_GRANT: "RECONNECT",
  CONSENT_REQUIRED: "RECONNECT",
  INSUFFICIENT_SCOPE: "RECONNECT",
  CALENDAR_NOT_FOUND: "CHECK_CALENDAR",
  ACCESS_FORBIDDEN: "CHECK_CALENDAR",
  MASS_CANCEL: "CONFIRM_MASS_CANCEL",
  CURSOR_EXPIRED: "WAIT",
  PAGE_TOKEN_EXPIRED: "WAIT",
  CANCELLED: "NONE",
};

/**
 * What a person does about an attempt: nothing unless it is an open failure; waits for the next retry as long as there is one, then
 * replays it. A non-retryable failure's code names its remedy; one that nobody here can mend goes to the operator.
 */
export function remedyOf(attempt: RowOf<SyncAttempt>): SyncRemedy {
  if (attempt.state !== "OPEN" || attempt.errorClass === null) return "NONE";
  if (attempt.errorClass !== "NON_RETRYABLE") return attempt.maxRetriesReached ? "REPLAY" : "WAIT";
  return remedies[attempt.errorCode ?? ""] ?? "CONTACT_OPERATOR";
}
