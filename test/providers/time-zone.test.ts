import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { findWindows } from "windows-iana";
import { ianaTimeZone, ianaTimeZoneOfMicrosoft, instantInZone } from "../../src/providers/time-zone.js";

describe("a zone as Microsoft names it", () => {
  test.each([
    ["W. Europe Standard Time", "Europe/Berlin"],
    ["Pacific Standard Time", "America/Los_Angeles"],
    ["India Standard Time", "Asia/Calcutta"],
    ["UTC", "UTC"],
    ["Europe/Zurich", "Europe/Zurich"],
    ["tzone://Microsoft/Utc", "UTC"],
    ["tzone://Microsoft/Custom", null],
    ["Customized Time Zone", null],
    ["+02:00", null],
    ["", null],
    [null, null],
    [undefined, null],
  ])("%j is %j", (name, expected) => {
    expect(ianaTimeZoneOfMicrosoft(name)).toBe(expected);
  });

  test("every zone this server knows that has a Windows name is found by it, with the same clocks", () => {
    const named = Intl.supportedValuesOf("timeZone").filter((zone) => findWindows(zone).length > 0);
    expect(named.length).toBeGreaterThan(300);
    for (const zone of named) {
      for (const windows of findWindows(zone)) expect(ianaTimeZoneOfMicrosoft(windows)).not.toBeNull();
    }
  });
});

describe("a time of clocks in a zone", () => {
  test.each([
    ["in winter", "2026-01-15T09:00:00", "Europe/Zurich", "2026-01-15T08:00:00.000Z"],
    ["in summer", "2026-07-15T09:00:00", "Europe/Zurich", "2026-07-15T07:00:00.000Z"],
    ["just before the clocks go forward", "2026-03-29T01:59:59", "Europe/Zurich", "2026-03-29T00:59:59.000Z"],
    ["that the clocks skip", "2026-03-29T02:30:00", "Europe/Zurich", "2026-03-29T01:30:00.000Z"],
    ["just after the clocks went forward", "2026-03-29T03:00:00", "Europe/Zurich", "2026-03-29T01:00:00.000Z"],
    ["that the clocks show twice", "2026-10-25T02:30:00", "Europe/Zurich", "2026-10-25T00:30:00.000Z"],
    ["just after the clocks went back", "2026-10-25T03:00:00", "Europe/Zurich", "2026-10-25T02:00:00.000Z"],
    ["with half an hour", "2026-01-15T09:00:00", "Asia/Kolkata", "2026-01-15T03:30:00.000Z"],
    ["across the date line", "2026-01-15T09:00:00", "Pacific/Kiritimati", "2026-01-14T19:00:00.000Z"],
    ["where clocks change by half an hour", "2026-04-05T02:15:00", "Australia/Lord_Howe", "2026-04-04T15:45:00.000Z"],
    ["in UTC", "2026-01-15T09:00:00", "UTC", "2026-01-15T09:00:00.000Z"],
  ])("%s", (_name, local, zone, expected) => {
    expect(new Date(instantInZone(Date.parse(`${local}Z`), zone)).toISOString()).toBe(expected);
  });

  test("is the one the clocks show, whatever zone and instant", () => {
    const zones = Intl.supportedValuesOf("timeZone");
    const instant = fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2037, 0) }).map((time) => time - (time % 1000));
    fc.assert(
      fc.property(fc.constantFrom(...zones), instant, (zone, time) => {
        const shown = shownBy(zone, time);
        // Clocks show some times twice: the first is as good.
        const found = instantInZone(shown, zone);
        expect(shownBy(zone, found)).toBe(shown);
        expect(found).toBeLessThanOrEqual(time);
      }),
      { numRuns: 1000 },
    );
  });

  test("a name is known or not, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect([null, name]).toContain(ianaTimeZone(name));
      }),
    );
  });
});

/** What clocks in a zone show at an instant, as if it were UTC. */
function shownBy(timeZone: string, time: number): number {
  const text = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" }).format(time);
  return Date.parse(`${text.replace(" ", "T")}Z`);
}
