import type { Account } from "../accounts.js";
import type { IncomingRequest } from "../answer.js";
import type { World } from "../world.js";
import { GoogleError } from "./google-error.js";

const CALENDAR = "https://www.googleapis.com/auth/calendar";

/** The scope an authorization asks for where nobody says otherwise. */
export const USUAL_GOOGLE_SCOPES: readonly string[] = [CALENDAR];

const SCOPES = {
  events: ["", ".readonly", ".events", ".events.readonly", ".events.owned", ".events.owned.readonly"],
  eventWrites: ["", ".events", ".events.owned"],
  calendar: ["", ".readonly", ".calendars", ".calendars.readonly"],
  calendarList: ["", ".readonly", ".calendarlist", ".calendarlist.readonly"],
} as const;

export type Resource = keyof typeof SCOPES;

export function bearerToken(request: IncomingRequest): string | null {
  return /^Bearer (\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1] ?? null;
}

/** The account a request acts for. Throws GoogleError: 401 for a token that is none, expired or revoked, 403 for a missing scope. */
export function authorize(world: World, request: IncomingRequest, resource: Resource): Account {
  const token = bearerToken(request);
  if (token === null) throw unauthenticated("required", "Login Required.", "CREDENTIALS_MISSING");
  const grant = world.tokens.access(token);
  const account = grant && world.accounts.find(grant.account);
  if (account?.provider !== "google" || account.isRevoked || !grant) {
    throw unauthenticated("authError", "Invalid Credentials", "ACCESS_TOKEN_INVALID");
  }
  if (!SCOPES[resource].some((suffix) => grant.scopes.includes(CALENDAR + suffix))) throw insufficientScope();
  return account;
}

function unauthenticated(reason: string, message: string, detailReason: string): GoogleError {
  return new GoogleError({
    status: 401,
    reason,
    message,
    locationType: "header",
    location: "Authorization",
    detailReason,
    headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
  });
}

function insufficientScope(): GoogleError {
  return new GoogleError({
    status: 403,
    reason: "insufficientPermissions",
    message: "Request had insufficient authentication scopes.",
    detailReason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"' },
  });
}

/** Throws GoogleError when the account is over its limit. */
export function refuseOverLimit(world: World, account: Account): void {
  const throttled = world.throttle.check(account.email);
  if (!throttled) return;
  const { status, retryAfterSeconds } = throttled;
  throw new GoogleError({
    status,
    domain: "usageLimits",
    reason: status === 403 ? "userRateLimitExceeded" : "rateLimitExceeded",
    message: status === 403 ? "User Rate Limit Exceeded" : "Rate Limit Exceeded",
    detailReason: "RATE_LIMIT_EXCEEDED",
    headers: retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) },
  });
}
