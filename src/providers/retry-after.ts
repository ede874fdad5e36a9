const DAY_SECONDS = 24 * 60 * 60;
/** The one date format RFC 9110 lets servers send. Date.parse alone takes far more: "1" is a year to it. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Seconds an answer asks us to wait, from its Retry-After (seconds or HTTP date), rounded up and at most 24 hours. Null without
 * one or when it cannot be read; 0 when the date has passed.
 */
export function retryAfterSeconds(headers: Headers): number | null {
  const text = headers.get("retry-after")?.trim();
  if (text === undefined) return null;
  if (/^\d+$/.test(text)) return Math.min(Number(text), DAY_SECONDS);
  const until = parseHttpDate(text);
  return until === null ? null : bounded((until - answeredAt(headers)) / 1000);
}

/** Seconds from an answer until its day ends in California, where Google counts days. At most 24 hours, also when the clocks change. */
export function secondsUntilPacificMidnight(headers: Headers): number {
  const now = answeredAt(headers);
  const { year, month, day } = pacificDate(now);
  // Midnight has the offset of the hour around 08:00 UTC; the clocks change at 02:00 at the earliest.
  const nearMidnight = Date.UTC(year, month - 1, day + 1, 8);
  const midnight = nearMidnight - pacificDate(nearMidnight).hour * 3_600_000;
  return bounded((midnight - now) / 1000);
}

/** The provider's own clock where it tells it: ours may be wrong, and only the difference counts. */
function answeredAt(headers: Headers): number {
  return parseHttpDate(headers.get("date") ?? "") ?? Date.now();
}

function parseHttpDate(text: string): number | null {
  const time = httpDate.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

function bounded(seconds: number): number {
  return Math.min(Math.max(Math.ceil(seconds), 0), DAY_SECONDS);
}

const pacific = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/Los_Angeles",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  hourCycle: "h23",
});

function pacificDate(time: number): { year: number; month: number; day: number; hour: number } {
  const parts = new Map(pacific.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return { year: part("year"), month: part("month"), day: part("day"), hour: part("hour") };
}
