/** Wall-clock time and UTC, for IANA zones, from the runtime's own zone data. Wall-clock times are milliseconds as if they were UTC. */

const DAY_MS = 86_400_000;

/** A zone whose offset is asked for very often: days without a change of offset are answered from memory. */
class ZoneOffsets {
  readonly #format: Intl.DateTimeFormat;
  readonly #atDayStart = new Map<number, number>();

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  }

  at(instant: number): number {
    const day = Math.floor(instant / DAY_MS);
    const offset = this.#dayStart(day);
    return offset === this.#dayStart(day + 1) ? offset : this.#exact(instant);
  }

  #dayStart(day: number): number {
    const known = this.#atDayStart.get(day);
    if (known !== undefined) return known;
    const offset = this.#exact(day * DAY_MS);
    this.#atDayStart.set(day, offset);
    return offset;
  }

  /** The zone's name ends in "GMT", "GMT-05:00" or, for old local mean times, "GMT-00:01:15". */
  #exact(instant: number): number {
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(this.#format.format(instant));
    if (!match?.[1]) return 0;
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return (match[1] === "-" ? -seconds : seconds) * 1000;
  }
}

const zones = new Map<string, ZoneOffsets>();

function zone(timeZone: string): ZoneOffsets {
  const known = zones.get(timeZone);
  if (known) return known;
  const made = new ZoneOffsets(timeZone);
  zones.set(timeZone, made);
  return made;
}

export function isTimeZone(name: string): boolean {
  try {
    zone(name);
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds to add to UTC to get the zone's wall-clock time at an instant. Throws RangeError for an unknown zone. */
export function offsetAt(instant: number, timeZone: string): number {
  return zone(timeZone).at(instant);
}

export function wallClockAt(instant: number, timeZone: string): number {
  return instant + offsetAt(instant, timeZone);
}

/** The instant of a wall-clock time. A time that occurs twice is the first of the two; one that is skipped counts with the offset before the gap (RFC 5545, 3.3.5). */
export function instantOf(wallClock: number, timeZone: string): number {
  const offsets = zone(timeZone);
  const before = offsets.at(wallClock - DAY_MS);
  const after = offsets.at(wallClock + DAY_MS);
  const withBefore = wallClock - before;
  if (before === after || offsets.at(withBefore) === before) return withBefore;
  const withAfter = wallClock - after;
  return offsets.at(withAfter) === after ? withAfter : withBefore;
}

/** RFC 3339 with the zone's offset and without fractions, as calendar services print times: `2026-03-29T09:00:00+02:00`. */
export function formatInZone(instant: number, timeZone: string): string {
  const offsetMinutes = Math.round(offsetAt(instant, timeZone) / 60_000);
  const text = new Date(instant + offsetMinutes * 60_000).toISOString().slice(0, 19);
  if (offsetMinutes === 0) return `${text}Z`;
  const size = Math.abs(offsetMinutes);
  const hours = String(Math.floor(size / 60)).padStart(2, "0");
  return `${text}${offsetMinutes < 0 ? "-" : "+"}${hours}:${String(size % 60).padStart(2, "0")}`;
}
