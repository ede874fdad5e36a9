import type { CheckedInvariant, Verification, Violation } from "./verify.js";

const mostNamed = 5;

/** One line: that an invariant holds, or how often it does not, and where first. */
export function lineOf({ name, sentence, count, violations }: CheckedInvariant): string {
  if (count === 0) return `✓ ${name}: ${sentence}`;
  const named = violations.slice(0, mostNamed).map(placeOf).join("; ");
  const more = count > mostNamed ? "; …" : "";
  return `✗ ${name}: ${count} ${count === 1 ? "violation" : "violations"} (${named}${more}). ${sentence}`;
}

/** The last line. */
export function summaryOf({ invariants }: Verification): string {
  const violated = invariants.filter(({ count }) => count > 0).length;
  return violated === 0
    ? `verify: ${invariants.length} invariants hold`
    : `verify: ${violated} of ${invariants.length} invariants violated`;
}

/** `{ firmId: "1", auditEventId: "7" }` is "firm 1 audit event 7". */
function placeOf(violation: Violation): string {
  return Object.entries(violation)
    .map(([key, value]) => `${wordsOf(key)} ${value}`)
    .join(" ");
}

function wordsOf(key: string): string {
  return key.replace(/(Id|Name)$/, "").replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
