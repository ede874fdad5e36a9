import type { ProviderErrorCode } from "./error-codes.js";
import { providerFailure } from "./failure.js";
import type { FailureAction, ProviderFailure } from "./provider.js";
import { retryAfterSeconds, secondsUntilPacificMidnight } from "./retry-after.js";

/**
 * A row of a provider's classification table: every condition it names must hold, and the first row that fits decides. The class
 * is that of the code.
 */
export interface ClassificationRow {
  /** Which endpoint answered. Left out: either. */
  endpoint?: Endpoint;
  /** Left out: any status. */
  statuses?: readonly (number | "3xx" | "4xx" | "5xx")[];
  /** One of these is among the answer's reasons, whatever the case. Left out: any reason or none. */
  reasons?: readonly string[];
  /** One of the answer's reasons matches. Left out: any reason or none. */
  reasonPattern?: RegExp;
  /** What the refused request went on from. Left out: from anything or nothing. */
  carried?: "CURSOR" | "PAGE_TOKEN";
  /** The refused request was to change something. Left out: any. */
  isWrite?: true;
  /** The body names no reason: it was broken off, or does not come from the provider. Left out: whether it does or not. */
  isUnexplained?: true;
  /** Whether the body was a web page, which the provider's interface never sends. Left out: either. */
  isHtml?: boolean;
  code: ProviderErrorCode;
  /** Left out: FAIL. */
  action?: FailureAction;
  /** How long to wait at least where the provider is known to mean more than it says. */
  wait?: "ONE_HOUR" | "UNTIL_PACIFIC_MIDNIGHT";
}

export type Endpoint = "TOKEN" | "CALENDAR";

/** What a request that was refused had been. */
export interface RefusedRequest {
  endpoint: Endpoint;
  hasCursor: boolean;
  hasPageToken: boolean;
  /** Whether it was to change something. Left out: it was not. */
  isWrite?: true;
}

/** What a provider answered instead of a success. */
export interface Refusal {
  status: number;
  /** Every machine-readable word of the body that may name the reason. */
  reasons: readonly string[];
  headers: Headers;
  requestId: string | null;
}

/** Classifies a refusal by a table. What no row knows: unknown 4xx is REQUEST_REFUSED, all else PROVIDER_UNAVAILABLE. */
export function classify(
  table: readonly ClassificationRow[],
  request: RefusedRequest,
  refusal: Refusal,
  cause: unknown,
): ProviderFailure {
  const row = table.find((candidate) => fits(candidate, request, refusal)) ?? unknownRefusal(refusal.status);
  return providerFailure(row.code, {
    ...(row.action && { action: row.action }),
    retryAfterSeconds: waitSeconds(row, refusal.headers),
    providerStatus: refusal.status,
    providerRequestId: refusal.requestId,
    cause,
  });
}

function fits(row: ClassificationRow, request: RefusedRequest, refusal: Refusal): boolean {
  return (
    (row.endpoint === undefined || row.endpoint === request.endpoint) &&
    (row.statuses === undefined || row.statuses.some((status) => isStatus(status, refusal.status))) &&
    (row.reasons === undefined || hasReason(row.reasons, refusal.reasons)) &&
    (row.reasonPattern === undefined || refusal.reasons.some((reason) => row.reasonPattern?.test(reason))) &&
    (row.carried === undefined || (row.carried === "CURSOR" ? request.hasCursor : request.hasPageToken)) &&
    (row.isWrite === undefined || request.isWrite === true) &&
    (row.isUnexplained === undefined || refusal.reasons.length === 0) &&
    (row.isHtml === undefined || row.isHtml === isHtml(refusal.headers))
  );
}

function isStatus(wanted: number | string, status: number): boolean {
  return wanted === status || wanted === `${Math.floor(status / 100)}xx`;
}

function hasReason(wanted: readonly string[], found: readonly string[]): boolean {
  const lowerCase = new Set(found.map((reason) => reason.toLowerCase()));
  return wanted.some((reason) => lowerCase.has(reason.toLowerCase()));
}

function isHtml(headers: Headers): boolean {
  return headers.get("content-type")?.toLowerCase().startsWith("text/html") ?? false;
}

function unknownRefusal(status: number): ClassificationRow {
  return { code: isStatus("4xx", status) ? "REQUEST_REFUSED" : "PROVIDER_UNAVAILABLE" };
}

function waitSeconds(row: ClassificationRow, headers: Headers): number | null {
  const asked = retryAfterSeconds(headers);
  if (row.wait === undefined) return asked;
  const least = row.wait === "ONE_HOUR" ? 3600 : secondsUntilPacificMidnight(headers);
  return Math.max(asked ?? 0, least);
}
