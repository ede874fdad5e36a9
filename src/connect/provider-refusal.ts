import type { ProviderFailure } from "../providers/provider.js";
import type { RefusalCode } from "./refusals.js";

/** What a browser is told of a provider's failure while a consent is under way. */
export function refusalOfFailure({ errorCode, errorClass }: ProviderFailure): RefusalCode {
  if (errorClass !== "NON_RETRYABLE") return "PROVIDER_UNAVAILABLE";
  switch (errorCode) {
    case "INVALID_GRANT":
      return "CODE_REFUSED";
    case "CONSENT_REQUIRED":
      return "CONSENT_REFUSED";
    case "INSUFFICIENT_SCOPE":
      return "PERMISSIONS_MISSING";
    case "MAILBOX_UNAVAILABLE":
    case "CALENDAR_NOT_FOUND":
      return "NO_CALENDARS";
    case "ACCESS_TOKEN_REFUSED":
    case "ACCESS_FORBIDDEN":
      return "CONSENT_REFUSED";
    default:
      return "SERVER_REFUSED";
  }
}

/** The errors that a provider sends a browser back with (RFC 6749, section 4.1.2.1, and OpenID Connect's). */
export function refusalOfError(error: string): RefusalCode {
  switch (error) {
    case "access_denied":
      return "CONSENT_DENIED";
    case "server_error":
    case "temporarily_unavailable":
      return "PROVIDER_UNAVAILABLE";
    case "consent_required":
    case "interaction_required":
    case "login_required":
    case "admin_policy_enforced":
      return "CONSENT_REFUSED";
    default:
      return "SERVER_REFUSED";
  }
}
