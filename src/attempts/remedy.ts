import type { RowOf } from "../graphql/rows.js";
import { errorCodes } from "../providers/error-codes.js";
import type { SyncAttempt } from "./sync-attempt.entity.js";
import type { SyncRemedy } from "./sync.enums.js";

/**
 * What a person does about an attempt: nothing unless it is an open failure; waits for the next retry as long as there is one, then
 * replays it. A non-retryable failure's code names its remedy; one that nobody here can mend goes to the operator.
 */
export function remedyOf(attempt: RowOf<SyncAttempt>): SyncRemedy {
  if (attempt.state !== "OPEN" || attempt.errorClass === null) return "NONE";
  if (attempt.errorClass !== "NON_RETRYABLE") return attempt.maxRetriesReached ? "REPLAY" : "WAIT";
  return errorCodes.get(attempt.errorCode ?? "")?.remedy ?? "CONTACT_OPERATOR";
}
