import type { SetRight } from "./after-restore.js";
import type { TriedToken } from "./try-tokens.js";

/** What was set right, in a line. */
export function setRightLine({ firms, cursorsDropped, runsClosed }: SetRight): string {
  return `after-restore: ${counted(firms, "firm")}: ${counted(cursorsDropped, "cursor")} dropped, ${counted(runsClosed, "running run")} closed`;
}

/** A line for a token that was not accepted; null for one that was, or that nobody could be asked about. */
export function tokenLine({ firmId, connectionId, provider, outcome, errorCode }: TriedToken): string | null {
  const place = `firm ${firmId} connection ${connectionId} (${provider})`;
  switch (outcome) {
    case "ACCEPTED":
      return null;
    case "REFUSED":
      return `✗ ${place}: its token is refused (${errorCode ?? ""}); its owner must connect it again`;
    case "UNREADABLE":
      return `✗ ${place}: its token cannot be read with CREDENTIALS_KEYS`;
    case "NOT_TRIED":
      return errorCode === null ? null : `- ${place}: its token could not be tried (${errorCode})`;
  }
}

export function tokenSummary(tried: readonly TriedToken[]): string {
  const count = (outcome: TriedToken["outcome"]): number => tried.filter((token) => token.outcome === outcome).length;
  const outcomes = `${count("ACCEPTED")} accepted, ${count("REFUSED")} refused, ${count("UNREADABLE")} unreadable, ${count("NOT_TRIED")} not tried`;
  return `after-restore: ${counted(tried.length, "token")}: ${outcomes}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
