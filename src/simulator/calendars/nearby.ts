import type { InstanceInput, SourceEvent } from "../calendar-source.js";
import { eventTimes } from "../moment.js";
import type { Moment } from "../moment.js";
import { instantOf, wallClockAt } from "../time-zone.js";

const DAY_MS = 86_400_000;
/** 52 weeks: keeps the weekday and nearly the season. */
const BLOCK_DAYS = 364;
const DAYS_BACK = 30;

/**
 * Old events moved to around `now`, by whole weeks (whole years for rules that name days of a month), with their wall-clock times
 * and zones: single events and finished series into the 364 days from 30 days ago on, unending series to before that.
 */
export function bringNear(events: readonly SourceEvent[], timeZone: string, now: number): SourceEvent[] {
  return events.map((event) => moved(event, daysToMove(event, timeZone, now - DAYS_BACK * DAY_MS), timeZone));
}

function daysToMove(event: SourceEvent, timeZone: string, windowStart: number): number {
  const { startsAt } = eventTimes(event.start, event.end, timeZone);
  const isUnending = event.recurrence?.some((line) => line.startsWith("RRULE") && !/COUNT=|UNTIL=/.test(line)) ?? false;
  const blocks = Math.ceil((windowStart - startsAt) / (BLOCK_DAYS * DAY_MS)) - (isUnending ? 1 : 0);
  return keepsDates(event) ? yearsInDays(startsAt, blocks) : blocks * BLOCK_DAYS;
}

function keepsDates(event: SourceEvent): boolean {
  return event.recurrence?.some((line) => /FREQ=(YEARLY|MONTHLY)/.test(line)) ?? false;
}

function yearsInDays(startsAt: number, years: number): number {
  const start = new Date(startsAt);
  const end = new Date(startsAt);
  end.setUTCFullYear(start.getUTCFullYear() + years);
  return Math.round((end.getTime() - startsAt) / DAY_MS);
}

function moved(event: SourceEvent, days: number, timeZone: string): SourceEvent {
  if (days === 0) return event;
  const { recurrence, instances } = event;
  const zone = recurrence && "dateTime" in event.start ? (event.start.timeZone ?? timeZone) : timeZone;
  return {
    ...event,
    start: movedMoment(event.start, days, zone),
    end: movedMoment(event.end, days, zone),
    ...(recurrence ? { recurrence: recurrence.map((line) => movedLine(line, days, zone)) } : {}),
    ...(instances ? { instances: instances.map((instance) => movedInstance(instance, days, zone)) } : {}),
  };
}

function movedInstance(instance: InstanceInput, days: number, zone: string): InstanceInput {
  return {
    ...instance,
    originalStart: movedMoment(instance.originalStart, days, zone),
    start: instance.start && movedMoment(instance.start, days, zone),
    end: instance.end && movedMoment(instance.end, days, zone),
  };
}

/** A time in UTC means a wall-clock time in the zone: programs write them so for calendars that have one. */
function movedMoment(moment: Moment, days: number, zone: string): Moment {
  if ("date" in moment) return { date: movedDate(moment.date, days) };
  if (moment.dateTime.endsWith("Z")) {
    const wallClock = wallClockAt(Date.parse(moment.dateTime), zone) + days * DAY_MS;
    return { dateTime: new Date(wallClock).toISOString().slice(0, 19), timeZone: zone };
  }
  return { ...moment, dateTime: movedDate(moment.dateTime.slice(0, 10), days) + moment.dateTime.slice(10) };
}

function movedDate(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

const COMPACT = /(\d{4})(\d\d)(\d\d)(T\d{6})?(Z)?/g;

/** Moves the dates of UNTIL, RDATE and EXDATE. UTC times keep the wall-clock time that they mean in the series' zone. */
function movedLine(line: string, days: number, timeZone: string): string {
  return line.replace(
    COMPACT,
    (_text, year: string, month: string, day: string, time: string | undefined, utc: string | undefined) => {
      const date = `${year}-${month}-${day}`;
      if (time === undefined) return compact(movedDate(date, days));
      const clock = `${time.slice(0, 3)}:${time.slice(3, 5)}:${time.slice(5)}`;
      if (utc === undefined) return compact(movedDate(date, days)) + time;
      const wallClock = wallClockAt(Date.parse(`${date}${clock}Z`), timeZone) + days * DAY_MS;
      return `${compact(new Date(instantOf(wallClock, timeZone)).toISOString().slice(0, 19))}Z`;
    },
  );
}

function compact(text: string): string {
  return text.replace(/[-:]/g, "");
}
