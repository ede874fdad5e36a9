import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import type { SourceEvent } from "../calendar-source.js";
import { isTimeZone } from "../time-zone.js";
import { readEvents } from "./ics-events.js";
import { IcsZones } from "./ics-zone.js";

/** What an iCalendar file holds, with recurrences, zones and times as they are written there. */
export interface IcsCalendar {
  /** X-WR-CALNAME. */
  name: string | null;
  /** X-WR-TIMEZONE, else UTC. */
  timeZone: string;
  events: readonly SourceEvent[];
}

/** Reads a file. Throws an Error that names the file and says what is wrong with it. */
export function readIcsFile(path: string): IcsCalendar {
  try {
    return readIcs(readFileSync(path, "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The calendar file ${path} cannot be read: ${reason}`, { cause });
  }
}

/** Reads iCalendar text: every VCALENDAR in it, together. Throws for text that is none and for recurrences that cannot be expanded. */
export function readIcs(text: string): IcsCalendar {
  const calendars = components(text.replace(/^\uFEFF/, ""));
  const timeZone = firstText(calendars, "x-wr-timezone");
  const usual = timeZone !== null && isTimeZone(timeZone) ? timeZone : "UTC";
  const events = readEvents(calendars, new IcsZones(calendars, usual), usual);
  return { name: firstText(calendars, "x-wr-calname"), timeZone: usual, events };
}

function components(text: string): ICAL.Component[] {
  const parsed = ICAL.parse(text) as unknown[];
  const list = (Array.isArray(parsed[0]) ? parsed : [parsed]) as unknown[][];
  const calendars = list.filter((part) => part[0] === "vcalendar").map((part) => new ICAL.Component(part));
  if (calendars.length === 0) throw new Error("it holds no VCALENDAR");
  return calendars;
}

function firstText(calendars: readonly ICAL.Component[], name: string): string | null {
  for (const calendar of calendars) {
    const value = calendar.getFirstPropertyValue(name);
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return null;
}
