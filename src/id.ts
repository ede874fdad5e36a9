const largestId = 2n ** 63n - 1n;

/**
 * A database id as decimal text: 1 to 2^63-1, without sign, space or leading zero. Null for everything else, which callers answer
 * exactly as an id that does not exist.
 */
export function parseId(text: string): string | null {
  return /^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= largestId ? text : null;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A correlation id in lower case; null for what is none, likewise. */
export function parseCorrelationId(text: string): string | null {
  return uuid.test(text) ? text.toLowerCase() : null;
}
