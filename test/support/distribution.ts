/** Uniform draws from [0, 1), the same every time (mulberry32). */
export function seededDraws(count: number, seed = 20_251_230): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  });
}

/** Kolmogorov and Smirnov's statistic: how far a sample's distribution is from a law's at most. */
export function largestDistance(sample: readonly number[], law: (value: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const distances = sorted.map((value, index) => {
    const expected = Math.min(1, Math.max(0, law(value)));
    return Math.max(Math.abs(expected - index / sorted.length), Math.abs((index + 1) / sorted.length - expected));
  });
  return Math.max(...distances);
}
