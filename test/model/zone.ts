const dayMs = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
  const made = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, hourCycle: "h23", ...parts });
  formats.set(zone, made);
  return made;
}

const offsets = new Map<string, number>();

/** What a clock in the zone shows more than one in UTC, at noon UTC of the day: enough for times that no change of the clocks is near to. */
function offsetOn(day: number, zone: string): number {
  const noon = Math.floor(day / dayMs) * dayMs + dayMs / 2;
  const key = `${zone} ${noon}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const offset = Date.parse(`${formatOf(zone).format(noon).replace(" ", "T")}Z`) - noon;
  offsets.set(key, offset);
  return offset;
}

/** The instant at which clocks in the zone show this time of the day, given as if it were UTC. Not for the night: clocks change then. */
export function instantIn(zone: string, shown: number): number {
  return shown - offsetOn(shown, zone);
}

/** On both hemispheres, one without changes of the clocks; two are not whole hours from UTC, and in one of these clocks change by half an hour. */
export const zones = [
  "Europe/Zurich",
  "America/New_York",
  "Australia/Sydney",
  "America/Santiago",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
] as const;

/** Midnights UTC, at most so many days from today, that clocks change a few days after; and today. */
export function seasons(today: number, mostDays: number): number[] {
  const days = Array.from({ length: 2 * mostDays }, (_, index) => today + (index - mostDays) * dayMs);
  const changes = zones.flatMap((zone) =>
    days.filter((day) => offsetOn(day, zone) !== offsetOn(day + 4 * dayMs, zone)),
  );
  return [today, ...changes.filter((day) => !changes.includes(day - dayMs))];
}
