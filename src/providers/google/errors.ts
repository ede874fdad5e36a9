import { gaxios } from "google-auth-library";
import { z } from "zod";
import { classify, type ClassificationRow, type RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import { TransportError } from "../http.js";
import { ProviderFailure } from "../provider.js";

/**
 * How Google's refusals are read, first fit first. Reasons are what the body names as `error`, `error.status`,
 * `error.errors[].reason`, `error.errors[].domain` or `error.details[].reason`.
 * Source: developers.google.com/workspace/calendar/api/guides/errors and RFC 6749 section 5.2.
 */
export const googleClassification: readonly ClassificationRow[] = [
  // Nothing is ever asked conditionally. Of a calendar's, the client says that it is a success, which then has no content.
  { endpoint: "TOKEN", statuses: [304], code: "MALFORMED_ANSWER" },
  { statuses: ["3xx"], code: "REDIRECT_REFUSED" },

  {
    endpoint: "TOKEN",
    reasons: ["invalid_grant"],
    code: "INVALID_GRANT",
    action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" },
  },
  {
    endpoint: "TOKEN",
    reasons: ["invalid_client", "unauthorized_client", "deleted_client"],
    code: "INVALID_CLIENT",
    action: { kind: "HOLD" },
  },
  {
    endpoint: "TOKEN",
    reasons: ["consent_required", "interaction_required", "admin_policy_enforced"],
    code: "CONSENT_REQUIRED",
    action: { kind: "REVOKE", reason: "CONSENT_NEEDED" },
  },
  { endpoint: "TOKEN", reasons: ["rate_limit_exceeded", "slow_down"], code: "RATE_LIMITED" },
  {
    endpoint: "TOKEN",
    reasons: ["temporarily_unavailable", "server_error", "internal_failure"],
    code: "PROVIDER_UNAVAILABLE",
  },

  { endpoint: "CALENDAR", statuses: [401], code: "ACCESS_TOKEN_REFUSED", action: { kind: "REFRESH_ACCESS" } },

  {
    endpoint: "CALENDAR",
    statuses: [403, 429],
    reasons: ["dailyLimitExceeded", "dailyLimitExceededUnreg"],
    code: "DAILY_LIMIT_EXCEEDED",
    wait: "UNTIL_PACIFIC_MIDNIGHT",
  },
  {
    // An abuse block of the account that lasts hours, whatever the answer says.
    endpoint: "CALENDAR",
    statuses: [403, 429],
    reasons: ["quotaExceeded", "calendarUsageLimitsExceeded"],
    code: "QUOTA_EXCEEDED",
    wait: "ONE_HOUR",
  },
  {
    // Before the domain usageLimits, which accessNotConfigured has too.
    endpoint: "CALENDAR",
    statuses: [403],
    reasons: ["accessNotConfigured", "SERVICE_DISABLED"],
    code: "API_DISABLED",
    action: { kind: "HOLD" },
  },
  // What may not be written may still be read: no reason to revoke anything.
  {
    endpoint: "CALENDAR",
    isWrite: true,
    statuses: [403],
    reasons: ["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"],
    code: "WRITE_CONSENT_MISSING",
  },
  {
    endpoint: "CALENDAR",
    statuses: [403],
    reasons: ["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"],
    code: "INSUFFICIENT_SCOPE",
    action: { kind: "REVOKE", reason: "CONSENT_NEEDED" },
  },
  {
    endpoint: "CALENDAR",
    statuses: [403],
    reasons: ["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", "usageLimits"],
    code: "RATE_LIMITED",
  },
  {
    endpoint: "CALENDAR",
    isWrite: true,
    statuses: [403],
    reasons: ["forbiddenForNonOrganizer"],
    code: "NOT_THE_ORGANIZER",
  },
  { endpoint: "CALENDAR", isWrite: true, statuses: [403], code: "WRITE_FORBIDDEN" },
  { endpoint: "CALENDAR", statuses: [403], code: "ACCESS_FORBIDDEN" },

  // A web page instead of Google's error comes from a wrong address or something in between: no reason to revoke anything.
  { endpoint: "CALENDAR", statuses: [404], isHtml: true, code: "REQUEST_REFUSED" },
  {
    endpoint: "CALENDAR",
    statuses: [404],
    code: "CALENDAR_NOT_FOUND",
    action: { kind: "REVOKE", reason: "CALENDAR_NOT_FOUND" },
  },

  { endpoint: "CALENDAR", isWrite: true, statuses: [412], code: "EVENT_CONFLICT" },
  {
    endpoint: "CALENDAR",
    isWrite: true,
    statuses: [409],
    reasons: ["duplicate", "ALREADY_EXISTS"],
    code: "EVENT_EXISTS",
  },
  // What it means is told again when it is asked again: a change that was given up could not be replayed.
  {
    endpoint: "CALENDAR",
    isWrite: true,
    statuses: [400, 409],
    isUnexplained: true,
    isHtml: false,
    code: "MALFORMED_ANSWER",
  },
  // An event that was deleted: there is no cursor to lose.
  { endpoint: "CALENDAR", isWrite: true, statuses: [410], code: "REQUEST_REFUSED" },
  { endpoint: "CALENDAR", statuses: [410], code: "CURSOR_EXPIRED", action: { kind: "FULL_ROUND" } },
  { endpoint: "CALENDAR", statuses: [400], carried: "CURSOR", code: "CURSOR_EXPIRED", action: { kind: "FULL_ROUND" } },
  {
    endpoint: "CALENDAR",
    statuses: [400],
    carried: "PAGE_TOKEN",
    code: "PAGE_TOKEN_EXPIRED",
    action: { kind: "FULL_ROUND" },
  },

  { statuses: [408], code: "TIMEOUT" },
  { endpoint: "CALENDAR", statuses: [409], reasons: ["conflict"], code: "PROVIDER_CONFLICT" },
  { statuses: [429], code: "RATE_LIMITED" },
  { statuses: ["4xx"], code: "REQUEST_REFUSED" },
  { statuses: ["5xx"], code: "PROVIDER_UNAVAILABLE" },
];

/** Sorts whatever a call of Google's client threw. */
export function googleFailure(error: unknown, request: RefusedRequest): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  if (error instanceof TransportError) return providerFailure(error.errorCode, { cause: error });
  if (!(error instanceof gaxios.GaxiosError)) return providerFailure("UNEXPECTED_ERROR", { cause: error });
  if (error.response === undefined) return withoutAnswer(error);
  const { status, headers } = error.response;
  const refusal = { status, headers, reasons: reasonsOf(error.response.data), requestId: null };
  return classify(googleClassification, request, refusal, error);
}

/** gaxios wraps what our fetch threw. */
function withoutAnswer(error: gaxios.GaxiosError): ProviderFailure {
  const code = error.cause instanceof TransportError ? error.cause.errorCode : "UNEXPECTED_ERROR";
  return providerFailure(code, { cause: error });
}

const word = z.string().optional().catch(undefined);
const words = z.array(z.object({ reason: word, domain: word }).catch({})).catch([]);
const calendarError = z.object({ error: z.object({ status: word, errors: words, details: words }) });
const tokenError = z.object({ error: z.string() });

function reasonsOf(body: unknown): string[] {
  const token = tokenError.safeParse(body);
  if (token.success) return [token.data.error];
  const parsed = calendarError.safeParse(body);
  if (!parsed.success) return [];
  const { status, errors, details } = parsed.data.error;
  const all = [status, ...errors.flatMap((each) => [each.reason, each.domain]), ...details.map((each) => each.reason)];
  return all.filter((reason) => reason !== undefined);
}
