/** What the simulator stores about events: the provider-neutral truth that each provider's wire format is made from. */

export type EventStatus = "confirmed" | "tentative" | "cancelled";

export interface Attendee {
  email: string;
  displayName?: string;
  responseStatus?: "needsAction" | "declined" | "tentative" | "accepted";
}

/** What an event says, apart from when it is. Absent means the service sends nothing. */
export interface EventContent {
  title?: string;
  description?: string;
  location?: string;
  eventType: string;
  visibility?: string;
  transparency?: string;
  attendees?: readonly Attendee[];
  organizerEmail?: string;
  privateProperties?: Readonly<Record<string, string>>;
  sharedProperties?: Readonly<Record<string, string>>;
  /** Microsoft: single-value extended properties by their id. */
  extendedProperties?: Readonly<Record<string, string>>;
  /** Microsoft: what the client that created the event called its request. */
  transactionId?: string;
  /** A meeting that its organizer called off and that nobody has deleted yet: Outlook keeps such events, Google none. */
  isCalledOff?: boolean;
}

/** What is known of an event that was moved from calendar to calendar. */
export interface Moved {
  /** The incarnation of the calendar it was created in. */
  home: string;
  times: number;
}

/** When an event is. All-day: midnight UTC of the first day, and of the day after the last. */
export interface EventTimes {
  startsAt: number;
  endsAt: number;
  isAllDay: boolean;
  /** IANA name; recurrences are expanded in it. */
  timeZone: string;
}

interface EventRecord extends EventTimes {
  id: string;
  uid: string;
  /** Place in the calendar's order of creation; never changes. */
  position: number;
  /** The calendar's change number of the last change. */
  seq: number;
  status: EventStatus;
  createdAt: number;
  updatedAt: number;
  /** Rises when the times change, as in RFC 5545. */
  sequence: number;
  content: EventContent;
  moved?: Moved;
}

export interface SingleEvent extends EventRecord {
  kind: "single";
}

/** An instance of a series that was changed or cancelled on its own. */
export interface ExceptionEvent extends EventRecord {
  kind: "exception";
  recurringEventId: string;
  originalStartsAt: number;
  isOriginalAllDay: boolean;
}

/** An instance or exception that clients may know and that no longer exists, because its series changed or ended. */
export interface FormerInstance {
  id: string;
  seq: number;
  originalStartsAt: number;
  isAllDay: boolean;
}

export interface SeriesEvent extends EventRecord {
  kind: "series";
  recurrence: readonly string[];
  /** By instance id. */
  exceptions: Map<string, ExceptionEvent>;
  /** Instances that are no more; one that is there again is not among them. */
  formerInstances: Map<string, FormerInstance>;
  /** Exceptions that are no more, also those whose instance is there again, as its rule gives it: an unexpanded list has no such instances. */
  formerExceptions: Map<string, FormerInstance>;
  /** When it was turned from a single event into a series: clients that expand series know its id as a single event. */
  formerSingleSeq: number | null;
}

export type StoredEvent = SingleEvent | SeriesEvent | ExceptionEvent;

/** An instance's id: the series' id and the original start, in UTC or as a date. */
export function instanceId(seriesId: string, originalStartsAt: number, isAllDay: boolean): string {
  const compact = new Date(originalStartsAt).toISOString().replace(/[-:]/g, "");
  return `${seriesId}_${isAllDay ? compact.slice(0, 8) : `${compact.slice(0, 15)}Z`}`;
}

/** The parts of an instance id, or null for the id of an event of its own. */
export function parseInstanceId(id: string): { seriesId: string; originalStartsAt: number; isAllDay: boolean } | null {
  const match = /^(.+)_(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z)?$/.exec(id);
  if (!match?.[1]) return null;
  const [year, month, day, hour, minute, second] = match.slice(2).map((part) => Number(part || 0));
  const originalStartsAt = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  return { seriesId: match[1], originalStartsAt, isAllDay: !id.endsWith("Z") };
}
