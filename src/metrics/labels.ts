/**
 * The values that labels may have, each a closed list: never a firm, a connection, a user, an address, or anything else that a
 * client or a provider writes. What is in no list is counted as "OTHER".
 */

export const other = "OTHER";

export const providerLabels = ["GOOGLE", "MICROSOFT"] as const;
export type ProviderLabel = (typeof providerLabels)[number];

export const operationLabels = ["LIST_CHANGES", "RESYNC", "UPSERT", "DELETE"] as const;
export const attemptOutcomes = ["SUCCESS", "FAIL"] as const;
export const runOutcomes = ["SUCCEEDED", "FAILED", "CANCELLED"] as const;
export const unfinishedStatuses = ["QUEUED", "RUNNING", "RETRYING", "HELD"] as const;
/** NONE: it has not failed. */
export const errorClasses = ["NONE", "TRANSIENT", "RATE_LIMITED", "NON_RETRYABLE"] as const;

export const connectionStatuses = ["ACTIVE", "PAUSED", "REVOKED"] as const;
export const healthLabels = ["HEALTHY", "DELAYED", "STALE", "ACTION_NEEDED", "PAUSED"] as const;

/** 429 apart from the other refusals; NONE: no answer came. */
export const statusClasses = ["1xx", "2xx", "3xx", "4xx", "429", "5xx", "NONE"] as const;
export const endpointLabels = ["TOKEN", "CHANGES", "VIEW", "EVENT", "INSTANCES", "CALENDAR", other] as const;

export const apiLabels = ["graphql", "rest", "probe", other] as const;

/** OK, the first error code that the answer carries, or ABORTED: the client did not wait for it. */
export const requestOutcomes = [
  "OK",
  "ABORTED",
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "BAD_USER_INPUT",
  "CONFLICT",
  "NOT_REPLAYABLE",
  "RATE_LIMITED",
  "UNAVAILABLE",
  "GRAPHQL_VALIDATION_FAILED",
  "GRAPHQL_PARSE_FAILED",
  "QUERY_TOO_COMPLEX",
  "INTERNAL_SERVER_ERROR",
  other,
] as const;

/** What has become of a provider's notification. */
export const notificationOutcomes = [
  "QUEUED",
  "WAITING",
  "SLOWED",
  "CREATED",
  "REPLAYED",
  "INACTIVE",
  "UNKNOWN",
  "FORGED",
] as const;

/** The value, where the list has it. */
export function labelOf<Value extends string>(values: readonly Value[], value: string | null): Value | typeof other {
  return values.find((one) => one === value) ?? other;
}
