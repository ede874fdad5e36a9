import { providerFailure } from "../failure.js";
import type { ChangeRange } from "../provider.js";
import { isViewPath } from "./calendar-paths.js";

/**
 * Where a change round goes on: at a page, or from a cursor.
 * @throws ProviderFailure asking for a full round where what was stored is no path of ours
 */
export function storedPath(pageToken: string | null, range: ChangeRange): string {
  if (pageToken !== null) {
    if (isViewPath(pageToken)) return pageToken;
    throw providerFailure("PAGE_TOKEN_EXPIRED", { action: { kind: "FULL_ROUND" } });
  }
  if (range.kind === "SINCE" && isViewPath(range.cursor)) return range.cursor;
  throw providerFailure("CURSOR_EXPIRED", { action: { kind: "FULL_ROUND" } });
}

/**
 * Where a bounded round goes on: the number of the span, and the page within it.
 * @throws ProviderFailure asking for the round to start again where the token is none
 */
export function viewPlace(pageToken: string): { span: number; path: string } {
  const [, span, path] = /^(\d{1,3}) (.+)$/.exec(pageToken) ?? [];
  if (span !== undefined && path !== undefined && isViewPath(path)) return { span: Number(span), path };
  throw providerFailure("PAGE_TOKEN_EXPIRED", { action: { kind: "FULL_ROUND" } });
}
