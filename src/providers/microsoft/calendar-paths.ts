import { providerFailure } from "../failure.js";
import type { EventWindow } from "../provider.js";
import { requestWindow } from "../request-window.js";
import { eventFields } from "./events.js";

const DAY_MS = 86_400_000;
/** Graph refuses a longer calendar view; five years may have a day or two more. */
const longestViewMs = 1825 * DAY_MS;

/**
 * Where a calendar's resources are. Events are asked for in their calendar: without it, Graph does not find those of shared
 * calendars, and still finds those that were moved to another one.
 */
export class CalendarPaths {
  /** The calendar itself. */
  readonly calendar: string;
  readonly #views: string;

  /** @param isDefault whether it is the mailbox's default calendar, which is found without an id: calendars' ids may change */
  constructor(calendarId: string, isDefault: boolean) {
    this.calendar = isDefault ? "me/calendar" : `me/calendars/${segment(calendarId)}`;
    this.#views = isDefault ? "me" : this.calendar;
  }

  /** Change rounds let nobody choose properties. */
  delta(window: EventWindow): string {
    return `${this.#views}/calendarView/delta?${windowQuery(window)}`;
  }

  view(window: EventWindow): string {
    return `${this.#views}/calendarView?${windowQuery(window)}&${selection}`;
  }

  /** Where new ones are made. */
  get events(): string {
    return `${this.calendar}/events`;
  }

  /** @param filter an expression of OData */
  filtered(filter: string): string {
    return `${this.events}?$filter=${encodeURIComponent(filter)}&${selection}`;
  }

  event(id: string): string {
    return `${this.events}/${segment(id)}`;
  }

  /** The same, told with what is read of events. */
  selected(id: string): string {
    return `${this.event(id)}?${selection}`;
  }

  instances(seriesId: string, window: EventWindow): string {
    return `${this.event(seriesId)}/instances?${windowQuery(window)}&${selection}`;
  }
}

/** Whether a stored link is one of a calendar's views, whoever spelled it. */
export function isViewPath(path: string): boolean {
  return /^(?:me|users)\b[^?]*\/calendarview\b/i.test(path);
}

/** A window in parts that Graph takes, one after the other. */
export function viewSpans({ windowStart, windowEnd }: EventWindow): [EventWindow, ...EventWindow[]] {
  const start = windowStart.getTime();
  // requestWindow adds up to two seconds.
  const step = longestViewMs - 2000;
  const count = Math.max(1, Math.ceil((windowEnd.getTime() - start) / step));
  const span = (index: number): EventWindow => ({
    windowStart: new Date(start + index * step),
    windowEnd: index === count - 1 ? windowEnd : new Date(start + (index + 1) * step),
  });
  return [span(0), ...Array.from({ length: count - 1 }, (_, index) => span(index + 1))];
}

const selection = `$select=${eventFields}`;

function windowQuery(window: EventWindow): string {
  const { start, end } = requestWindow(window);
  return `startDateTime=${start}&endDateTime=${end}`;
}

/** An id as one segment of a path. What would be a way through the path is no id. */
function segment(id: string): string {
  if (id === "." || id === "..") throw providerFailure("REQUEST_REFUSED");
  return encodeURIComponent(id);
}
