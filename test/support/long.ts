/**
 * Set by `npm run test:long`: what looks for rare mistakes looks longer, and what takes very long is run at all, such as the mistakes
 * that are planted in servers of their own.
 */
export const isLong = process.env["TEST_LONG"] === "1";

/** Of cases that differ in little and take a process each, the long tests try all, and those of every day the first ones. */
export function firstOf<Case>(count: number, cases: readonly Case[]): readonly Case[] {
  return isLong ? cases : cases.slice(0, count);
}
