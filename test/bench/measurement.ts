/** What a bench has found, as a line of the table. */
export interface Measurement {
  what: string;
  /** e.g. "≥ 1.7×" */
  target: string;
  measured: string;
  isMet: boolean;
  /** What was the limit. */
  profile: string;
}

export type Bench = (options: { isQuick: boolean; tell: (line: string) => void }) => Promise<Measurement[]>;

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
