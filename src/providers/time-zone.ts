import { findIana, findWindows } from "windows-iana";

const known = new Map<string, string>();

/**
 * The name as given if it is an IANA zone this server knows, else null. Offsets such as `+02:00` are no names.
 * A zone's formatter costs far more than a lookup, so valid names are kept; rubbish is not, or a provider could fill the memory.
 */
export function ianaTimeZone(name: string | null | undefined): string | null {
  if (!name || !/^[A-Za-z]/.test(name)) return null;
  const found = known.get(name);
  if (found !== undefined) return found;
  if (!isTimeZone(name)) return null;
  known.set(name, name);
  return name;
}

function isTimeZone(name: string): boolean {
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The IANA name of a zone as Microsoft names it: by an IANA name, a Windows name or `tzone://Microsoft/Utc`. Null for zones made
 * by hand (`tzone://Microsoft/Custom`), which have no name, and for names nobody knows.
 */
export function ianaTimeZoneOfMicrosoft(name: string | null | undefined): string | null {
  if (!name) return null;
  if (name.toLowerCase() === "tzone://microsoft/utc") return "UTC";
  // The first one is Microsoft's own choice where no country is named.
  return ianaTimeZone(name) ?? ianaTimeZone(findIana(name)[0]);
}

/**
 * The Windows name of an IANA zone, with the IANA zone whose clocks it stands for: several share a name. Null for zones that
 * Windows does not have, and for none.
 */
export function windowsTimeZone(name: string | null): { name: string; iana: string } | null {
  if (ianaTimeZone(name) === null || name === null) return null;
  // Names change (Kyiv was Kiev): the table knows the ones that JavaScript resolves them to.
  const windows = findWindows(name)[0] ?? findWindows(formatterOf(name).resolvedOptions().timeZone)[0];
  const iana = windows === undefined ? null : ianaTimeZoneOfMicrosoft(windows);
  return windows === undefined || iana === null ? null : { name: windows, iana };
}

const DAY_MS = 86_400_000;

/**
 * The instant (milliseconds since 1970) at which clocks in a zone show a time, itself given as if it were UTC. A time that clocks
 * skip is as much later as they skip; of one they show twice, it is the first.
 */
export function instantInZone(localTime: number, timeZone: string): number {
  if (timeZone === "UTC") return localTime;
  const before = offsetAt(localTime - DAY_MS, timeZone);
  const after = offsetAt(localTime + DAY_MS, timeZone);
  const later = localTime - after;
  return offsetAt(localTime - before, timeZone) !== before && offsetAt(later, timeZone) === after
    ? later
    : localTime - before;
}

/** What clocks in a zone show at an instant, in whole seconds, as if it were UTC. */
export function localTimeInZone(instant: number, timeZone: string): number {
  return timeZone === "UTC" ? instant : instant + offsetAt(instant, timeZone);
}

/** Milliseconds that clocks in a zone are ahead of UTC at an instant. */
function offsetAt(instant: number, timeZone: string): number {
  const parts = new Map(
    formatterOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const wall = new Date(0);
  wall.setUTCFullYear(part("year"), part("month") - 1, part("day"));
  wall.setUTCHours(part("hour"), part("minute"), part("second"));
  return wall.getTime() - Math.floor(instant / 1000) * 1000;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  });
}
