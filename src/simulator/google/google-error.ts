import { jsonAnswer } from "../answer.js";
import type { Answer } from "../answer.js";
import type { Scenario } from "../scenario.js";

export interface GoogleErrorDetails {
  status: number;
  /** The older style's reason, such as `fullSyncRequired`. */
  reason: string;
  message: string;
  domain?: string;
  locationType?: string;
  location?: string;
  /** The newer style's reason, such as `ACCESS_TOKEN_SCOPE_INSUFFICIENT`; left out where the service gives none. */
  detailReason?: string;
  headers?: Record<string, string>;
}

/** A refusal of the Calendar API, in the words of the real service. */
export class GoogleError extends Error {
  override name = "GoogleError";

  constructor(readonly details: GoogleErrorDetails) {
    super(details.message);
  }
}

export function invalidValue(location: string, message = "Invalid Value"): GoogleError {
  return new GoogleError({ status: 400, reason: "invalid", message, locationType: "parameter", location });
}

/** A body that cannot be what it says. */
export function invalidBody(message: string): GoogleError {
  return new GoogleError({ status: 400, reason: "invalid", message });
}

export function notFound(): GoogleError {
  return new GoogleError({ status: 404, reason: "notFound", message: "Not Found" });
}

export function fullSyncRequired(): GoogleError {
  const message = "Sync token is no longer valid, a full sync is required.";
  return new GoogleError({
    status: 410,
    reason: "fullSyncRequired",
    message,
    locationType: "parameter",
    location: "syncToken",
  });
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  409: "ALREADY_EXISTS",
  410: "FAILED_PRECONDITION",
  412: "FAILED_PRECONDITION",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};

/** The answer for a refusal: in the older style, the newer one, or both together as most of the service's errors are. */
export function errorAnswer({ details }: GoogleError, style: Scenario["errorStyle"]): Answer {
  const { status, reason, message, domain = "global", locationType, location } = details;
  const place = {
    ...(locationType === undefined ? {} : { locationType }),
    ...(location === undefined ? {} : { location }),
  };
  const older = { errors: [{ domain, reason, message, ...place }] };
  const newer = { status: STATUS_NAMES[status] ?? "UNKNOWN", ...errorInfo(details) };
  const parts = { both: { ...older, ...newer }, older, newer }[style];
  return jsonAnswer(status, { error: { code: status, message, ...parts } }, details.headers);
}

function errorInfo({ detailReason }: GoogleErrorDetails) {
  if (detailReason === undefined) return {};
  const type = "type.googleapis.com/google.rpc.ErrorInfo";
  return {
    details: [
      {
        "@type": type,
        reason: detailReason,
        domain: "googleapis.com",
        metadata: { service: "calendar-json.googleapis.com" },
      },
    ],
  };
}
