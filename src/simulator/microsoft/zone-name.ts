import { findIana, findWindows } from "windows-iana";
import { isTimeZone } from "../time-zone.js";

/** The IANA zone that a Windows or IANA name means; null for neither. */
export function ianaZone(name: string): string | null {
  const [zone] = findIana(name);
  if (zone !== undefined) return zone;
  return isTimeZone(name) ? name : null;
}

/** The Windows name of an IANA zone; the zone's own name where Windows has none. */
export function windowsZone(zone: string): string {
  return findWindows(zone)[0] ?? zone;
}
