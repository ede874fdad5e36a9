import { z } from "zod";
import { classify, type ClassificationRow, type RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import { TransportError } from "../http.js";
import { ProviderFailure, type FailureAction } from "../provider.js";
import { isUsableEventId } from "../text.js";

const fullRound: FailureAction = { kind: "FULL_ROUND" };
const consentNeeded: FailureAction = { kind: "REVOKE", reason: "CONSENT_NEEDED" };
const mailboxUnavailable: FailureAction = { kind: "REVOKE", reason: "MAILBOX_UNAVAILABLE" };

/** How Graph says that what a path names does not exist. */
const notFound = ["ErrorItemNotFound", "itemNotFound", "ErrorFolderNotFound", "ErrorCalendarNotFound"] as const;

/**
 * How refusals of Microsoft Graph and of its token endpoint are read, first fit first. Reasons are the body's `error.code`, the
 * codes of its inner errors, `error` and `AADSTS` with each of `error_codes` at the token endpoint, `insufficient_claims` of a
 * claims challenge, and MailboxConcurrency, which only the message tells.
 * Source: learn.microsoft.com/graph/errors, /graph/delta-query-overview, /graph/throttling,
 * /entra/identity-platform/reference-error-codes.
 */
export const microsoftClassification: readonly ClassificationRow[] = [
  // Nothing is ever asked conditionally.
  { statuses: [304], code: "MALFORMED_ANSWER" },
  { statuses: ["3xx"], code: "REDIRECT_REFUSED" },

  {
    endpoint: "TOKEN",
    // Wrong or expired secret, unknown application, application switched off, unknown tenant.
    reasons: [
      "invalid_client",
      "unauthorized_client",
      "AADSTS7000215",
      "AADSTS7000222",
      "AADSTS700016",
      "AADSTS7000112",
      "AADSTS90002",
    ],
    code: "INVALID_CLIENT",
    action: { kind: "HOLD" },
  },
  {
    endpoint: "TOKEN",
    // More authentication factors, consent, conditional access.
    reasons: [
      "interaction_required",
      "consent_required",
      "login_required",
      "AADSTS50076",
      "AADSTS50079",
      "AADSTS65001",
      "AADSTS53003",
    ],
    code: "CONSENT_REQUIRED",
    action: consentNeeded,
  },
  {
    endpoint: "TOKEN",
    // Expired, withdrawn, password changed: the error alone says enough.
    reasons: ["invalid_grant"],
    code: "INVALID_GRANT",
    action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" },
  },
  { endpoint: "TOKEN", reasons: ["slow_down"], code: "RATE_LIMITED" },
  { endpoint: "TOKEN", reasons: ["temporarily_unavailable", "server_error"], code: "PROVIDER_UNAVAILABLE" },

  {
    // A claims challenge: refreshing in silence brings the same refusal.
    endpoint: "CALENDAR",
    statuses: [401],
    reasons: ["insufficient_claims"],
    code: "CONSENT_REQUIRED",
    action: consentNeeded,
  },
  { endpoint: "CALENDAR", statuses: [401], code: "ACCESS_TOKEN_REFUSED", action: { kind: "REFRESH_ACCESS" } },

  {
    endpoint: "CALENDAR",
    isWrite: true,
    statuses: [400, 409],
    reasons: ["ErrorDuplicateTransactionId"],
    code: "EVENT_EXISTS",
  },
  { endpoint: "CALENDAR", isWrite: true, statuses: [412], code: "EVENT_CONFLICT" },
  {
    endpoint: "CALENDAR",
    isWrite: true,
    statuses: [409],
    reasons: ["ErrorIrresolvableConflict", "resourceModified", "PreconditionFailed"],
    code: "EVENT_CONFLICT",
  },
  {
    endpoint: "CALENDAR",
    isWrite: true,
    statuses: [400],
    reasons: ["ErrorOccurrenceCrossingBoundary"],
    code: "OCCURRENCE_CROSSING",
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

  {
    endpoint: "CALENDAR",
    statuses: ["4xx"],
    reasonPattern: /syncstate|resync/i,
    code: "CURSOR_EXPIRED",
    action: fullRound,
  },
  { endpoint: "CALENDAR", statuses: [410], code: "CURSOR_EXPIRED", action: fullRound },

  { statuses: [429, 509], code: "RATE_LIMITED" },
  {
    endpoint: "CALENDAR",
    statuses: [403, 503],
    reasons: ["ErrorExceededConnectionCount", "MailboxConcurrency", "ApplicationThrottled", "TooManyRequests"],
    code: "RATE_LIMITED",
  },
  {
    endpoint: "CALENDAR",
    statuses: [403],
    reasons: ["activityLimitReached", "throttledRequest"],
    code: "RATE_LIMITED",
  },

  {
    endpoint: "CALENDAR",
    statuses: [400, 403, 404],
    reasons: ["MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI", "ErrorNonExistentMailbox"],
    code: "MAILBOX_UNAVAILABLE",
    action: mailboxUnavailable,
  },
  {
    endpoint: "CALENDAR",
    statuses: [404],
    reasons: ["ResourceNotFound", "Request_ResourceNotFound", "extensionError"],
    code: "MAILBOX_UNAVAILABLE",
    action: mailboxUnavailable,
  },
  // Whether the calendar or the consent forbids it, the answer is the same; what may not be written may still be read.
  { endpoint: "CALENDAR", isWrite: true, statuses: [403], code: "WRITE_FORBIDDEN" },
  {
    endpoint: "CALENDAR",
    statuses: [403],
    reasons: ["ErrorAccessDenied", "Authorization_RequestDenied", "accessDenied"],
    code: "INSUFFICIENT_SCOPE",
    action: consentNeeded,
  },
  { endpoint: "CALENDAR", statuses: [403], code: "ACCESS_FORBIDDEN" },

  // A link may name a calendar by an id it no longer has: a full round finds it again, or tells for certain that it is gone.
  { endpoint: "CALENDAR", statuses: [400], carried: "CURSOR", code: "CURSOR_EXPIRED", action: fullRound },
  {
    endpoint: "CALENDAR",
    statuses: [404],
    reasons: notFound,
    carried: "CURSOR",
    code: "CURSOR_EXPIRED",
    action: fullRound,
  },
  { endpoint: "CALENDAR", statuses: [400], carried: "PAGE_TOKEN", code: "PAGE_TOKEN_EXPIRED", action: fullRound },
  {
    endpoint: "CALENDAR",
    statuses: [404],
    reasons: notFound,
    carried: "PAGE_TOKEN",
    code: "PAGE_TOKEN_EXPIRED",
    action: fullRound,
  },
  { endpoint: "CALENDAR", statuses: [404], isUnexplained: true, isHtml: false, code: "MALFORMED_ANSWER" },
  {
    // Any other 404 comes from a wrong address or something in between: no reason to revoke anything.
    endpoint: "CALENDAR",
    statuses: [404],
    reasons: notFound,
    code: "CALENDAR_NOT_FOUND",
    action: { kind: "REVOKE", reason: "CALENDAR_NOT_FOUND" },
  },

  { statuses: [408], code: "TIMEOUT" },
  { endpoint: "CALENDAR", statuses: [423], code: "PROVIDER_CONFLICT" },
  { endpoint: "CALENDAR", statuses: [503], reasons: ["ConcurrentItemSave"], code: "PROVIDER_CONFLICT" },
  { endpoint: "CALENDAR", statuses: [507], code: "MAILBOX_FULL" },
  { statuses: ["4xx"], code: "REQUEST_REFUSED" },
  { statuses: ["5xx"], code: "PROVIDER_UNAVAILABLE" },
];

/** Sorts whatever a call threw. */
export function microsoftFailure(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  if (error instanceof TransportError) return providerFailure(error.errorCode, { cause: error });
  return providerFailure("UNEXPECTED_ERROR", { cause: error });
}

/** Classifies an answer that is no success. */
export async function refusalOf(response: Response, request: RefusedRequest): Promise<ProviderFailure> {
  const { status, headers } = response;
  const body = await response.text();
  const reasons = [...reasonsOf(body), ...challengesOf(headers)];
  const requestId = requestIdOf(headers);
  return classify(microsoftClassification, request, { status, headers, reasons, requestId }, { status, body });
}

const duplicate = z.object({ body: z.string() });
const existing = z.object({ error: z.object({ "@event.existingEventId": z.string().refine(isUsableEventId) }) });

/** The event that stands in the way of another one of its name, where a refusal that is classified by `refusalOf` tells its id. */
export function existingEventIdOf({ cause }: ProviderFailure): string | null {
  const refusal = duplicate.safeParse(cause);
  const told = refusal.success ? existing.safeParse(parsed(refusal.data.body)) : null;
  return told?.success === true ? told.data.error["@event.existingEventId"] : null;
}

/** Graph's id of a request, by which Microsoft's support finds it. */
function requestIdOf(headers: Headers): string | null {
  const id = headers.get("request-id") ?? headers.get("x-ms-request-id");
  return id !== null && /^[0-9a-f-]{36}$/i.test(id) ? id : null;
}

/** A challenge with claims wants the user, though its error may be an older word. */
function challengesOf(headers: Headers): string[] {
  const challenge = headers.get("www-authenticate") ?? "";
  return /insufficient_claims|\bclaims="/i.test(challenge) ? ["insufficient_claims"] : [];
}

const tokenError = z.object({ error: z.string(), error_codes: z.array(z.number()).catch([]) });
const graphError = z.object({ error: z.looseObject({ message: z.string().optional().catch(undefined) }) });

function reasonsOf(body: string): string[] {
  const answer = parsed(body);
  const token = tokenError.safeParse(answer);
  if (token.success) return [token.data.error, ...token.data.error_codes.map((code) => `AADSTS${code}`)];
  const graph = graphError.safeParse(answer);
  if (!graph.success) return [];
  const { error } = graph.data;
  return [...codesOf(error, 0), ...(error.message?.includes("MailboxConcurrency") ? ["MailboxConcurrency"] : [])];
}

const deepest = 10;
const codedError = z.object({
  code: z.string().nullish().catch(null),
  innerError: z.unknown().optional(),
  innererror: z.unknown().optional(),
});

/** The inner errors are the more exact ones, and each may have one of its own. */
function codesOf(error: unknown, depth: number): string[] {
  const coded = codedError.safeParse(error);
  if (!coded.success || depth > deepest) return [];
  const { code, innerError, innererror } = coded.data;
  return [...(code == null ? [] : [code]), ...codesOf(innerError ?? innererror, depth + 1)];
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
