import ICAL from "ical.js";
import { isTimeZone, offsetAt } from "../time-zone.js";

/** Finds the IANA zone that a TZID of an iCalendar file means. */
export class IcsZones {
  readonly #definitions = new Map<string, ICAL.Timezone>();
  readonly #found = new Map<string, string>();

  constructor(
    calendars: readonly ICAL.Component[],
    private readonly usual: string,
  ) {
    for (const component of calendars.flatMap((calendar) => calendar.getAllSubcomponents("vtimezone"))) {
      const tzid = component.getFirstPropertyValue("tzid");
      if (typeof tzid === "string") this.#definitions.set(tzid, new ICAL.Timezone({ component, tzid }));
    }
  }

  /** The zone for a TZID: its own name, the name it ends in, one with the offsets of its definition, else the usual one. */
  zone(tzid: string): string {
    const known = this.#found.get(tzid);
    if (known !== undefined) return known;
    const zone = named(tzid) ?? this.#defined(tzid) ?? this.usual;
    this.#found.set(tzid, zone);
    return zone;
  }

  /** Custom and Windows names come with a definition: the first IANA zone that agrees with it in every month of a year. */
  #defined(tzid: string): string | null {
    const definition = this.#definitions.get(tzid);
    if (!definition) return null;
    const wanted = MONTHS.map(
      (month) => definition.utcOffset(ICAL.Time.fromDateTimeString(`2026-${month}-15T12:00:00`)) * 1000,
    );
    const fits = (zone: string) =>
      MONTHS.every((month, index) => offsetAt(Date.parse(`2026-${month}-15T12:00:00Z`), zone) === wanted[index]);
    return Intl.supportedValuesOf("timeZone").find(fits) ?? null;
  }
}

const MONTHS = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"];

/** Some programs put a path before the name: `/freeassociation.sourceforge.net/Tzfile/America/Los_Angeles`. */
function named(tzid: string): string | null {
  const parts = tzid.split("/");
  const candidates = [tzid, parts.slice(-3).join("/"), parts.slice(-2).join("/")];
  return candidates.find((name) => name !== "" && isTimeZone(name)) ?? null;
}
