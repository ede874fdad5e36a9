import { createHash } from "node:crypto";
import type { SimulatedCalendar } from "../calendar.js";
import { parseInstanceId } from "../event.js";
import type { Moved } from "../event.js";

/**
 * The ids of Graph, which are opaque and differ in capital letters only. An event's default id tells its calendar and changes when
 * it is moved; its immutable id stays.
 */

const DEFAULT = "AAMkAG";
const IMMUTABLE = "AAkALgAA";
const CALENDAR = "AAMkAC";

export interface EventId {
  isImmutable: boolean;
  /** The simulator's own id. */
  id: string;
  /** Incarnation of the calendar: the present one of a default id, the first one of an immutable id. */
  calendar: string;
  /** How often it was moved; 0 in immutable ids. */
  times: number;
}

function encodeEventId({ isImmutable, id, calendar, times }: EventId): string {
  const text = isImmutable ? `${calendar} ${id}` : `${calendar} ${times} ${id}`;
  return wrapped(isImmutable ? IMMUTABLE : DEFAULT, text);
}

/** Null for what is no event's id. */
export function decodeEventId(text: string): EventId | null {
  const immutable = unwrapped(IMMUTABLE, text)?.split(" ");
  if (immutable?.length === 2)
    return { isImmutable: true, calendar: immutable[0] ?? "", id: immutable[1] ?? "", times: 0 };
  const usual = unwrapped(DEFAULT, text)?.split(" ");
  if (usual?.length !== 3) return null;
  return { isImmutable: false, calendar: usual[0] ?? "", times: Number(usual[1]), id: usual[2] ?? "" };
}

/** The id of an event or instance that is in a calendar. */
export function eventIdIn(calendar: SimulatedCalendar, id: string, isImmutable: boolean): string {
  return eventIdAfter(calendar, id, isImmutable, movedOf(calendar, id));
}

/** The id that an event or instance has, or had, in a calendar when it had been moved so far. */
export function eventIdAfter(
  calendar: SimulatedCalendar,
  id: string,
  isImmutable: boolean,
  moved: Moved | undefined,
): string {
  const { incarnation } = calendar.description;
  const { home, times } = moved ?? { home: incarnation, times: 0 };
  return encodeEventId({ isImmutable, id, calendar: isImmutable ? home : incarnation, times });
}

/** An instance moves with its series, also one that was changed after the series had moved. */
export function movedOf(calendar: SimulatedCalendar, id: string): Moved | undefined {
  const seriesId = parseInstanceId(id)?.seriesId;
  return calendar.stored(seriesId ?? id)?.moved;
}

export function calendarKey(calendar: SimulatedCalendar): string {
  return calendar.description.incarnation;
}

export function graphCalendarId(key: string): string {
  return wrapped(CALENDAR, key);
}

/** The incarnation of a calendar's id, or null for what is none. */
export function decodeCalendarId(text: string): string | null {
  return unwrapped(CALENDAR, text);
}

/** The object id of a user in the directory. */
export function userIdOf(email: string): string {
  return directoryId(`user ${email}`);
}

/** An id in the form of the directory's, the same for the same name. */
export function directoryId(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function wrapped(prefix: string, text: string): string {
  return `${prefix}${Buffer.from(text).toString("base64url")}=`;
}

/** Null unless the text is exactly what `wrapped` makes: ids differ in every letter. */
function unwrapped(prefix: string, text: string): string | null {
  if (!text.startsWith(prefix) || !text.endsWith("=")) return null;
  const plain = Buffer.from(text.slice(prefix.length, -1), "base64url").toString();
  return wrapped(prefix, plain) === text ? plain : null;
}
