import type { Account } from "../accounts.js";
import type { IncomingRequest } from "../answer.js";
import type { MailboxRefusal } from "../mailbox-limits.js";
import type { World } from "../world.js";
import { GraphError } from "./graph-error.js";
import { allows } from "./scopes.js";
import type { GraphResource } from "./scopes.js";

const CHALLENGE =
  'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"';
const CLAIMS = Buffer.from('{"access_token":{"nbf":{"essential":true, "value":"1700000000"}}}').toString("base64");

export function bearerOf(request: IncomingRequest): string | null {
  return /^Bearer (\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1] ?? null;
}

/** The account a request acts for. Throws GraphError: 401 for a token that is none, expired or revoked, 403 for a missing permission. */
export function authorize(world: World, request: IncomingRequest, resource: GraphResource): Account {
  const token = bearerOf(request);
  if (token === null) throw invalidToken("Access token is empty.");
  const grant = world.tokens.access(token);
  if (!grant) {
    const isExpired = world.tokens.accountOfAccess(token) !== undefined;
    throw invalidToken(
      isExpired ? "Lifetime validation failed, the token is expired." : "IDX14100: JWT is not well formed.",
    );
  }
  const account = world.accounts.find(grant.account);
  if (account?.provider !== "microsoft") throw invalidToken("Access token validation failure. Invalid audience.");
  if (account.isRevoked)
    throw world.scenario.isClaimsChallenge ? claimsChallenge() : invalidToken("The token was revoked.");
  if (!allows(grant.scopes, resource))
    throw new GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
  return account;
}

function invalidToken(message: string): GraphError {
  return new GraphError(401, "InvalidAuthenticationToken", message, { "www-authenticate": CHALLENGE });
}

function claimsChallenge(): GraphError {
  const message =
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenCreatedWithOutdatedPolicies";
  const challenge = `${CHALLENGE}, error="insufficient_claims", claims="${CLAIMS}"`;
  return new GraphError(401, "InvalidAuthenticationToken", message, { "www-authenticate": challenge });
}

/** Throws GraphError when the account is over the limit that was set for it. */
export function refuseOverLimit(world: World, account: Account): void {
  const throttled = world.throttle.check(account.email);
  if (throttled) throw applicationThrottled(429, "Application is over its request limit.", throttled.retryAfterSeconds);
}

/** The refusal of a request over one of the mailbox's own limits. */
export function overMailboxLimit(world: World, { reason, retryAfterSeconds }: MailboxRefusal): GraphError {
  const isConcurrency = reason === "concurrency";
  const limit = isConcurrency ? "MailboxConcurrency" : "MailboxRequests";
  const status = isConcurrency ? world.scenario.mailboxConcurrencyStatus : 429;
  return applicationThrottled(status, `Application is over its ${limit} limit.`, retryAfterSeconds);
}

function applicationThrottled(status: number, message: string, retryAfterSeconds: number | null): GraphError {
  const headers = retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
  return new GraphError(status, "ApplicationThrottled", message, headers);
}
