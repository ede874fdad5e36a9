import type { AccessRole } from "./calendar.js";
import type { Attendee, EventStatus } from "./event.js";
import type { Moment } from "./moment.js";

/** An event as somebody writes it down: what a person may say when creating one. */
export interface EventInput {
  id?: string | undefined;
  /** The iCalendar UID; made from the id where there is none. */
  uid?: string | undefined;
  title?: string | undefined;
  description?: string | undefined;
  location?: string | undefined;
  start: Moment;
  end: Moment;
  /** RRULE, RDATE and EXDATE lines. */
  recurrence?: readonly string[] | undefined;
  status?: Exclude<EventStatus, "cancelled"> | undefined;
  /** Default `default`. */
  eventType?: string | undefined;
  visibility?: string | undefined;
  transparency?: string | undefined;
  attendees?: readonly Attendee[] | undefined;
  organizerEmail?: string | undefined;
  privateProperties?: Readonly<Record<string, string>> | undefined;
  sharedProperties?: Readonly<Record<string, string>> | undefined;
  /** A meeting that its organizer called off but that is still in the calendar; means nothing to Google. */
  isCalledOff?: boolean | undefined;
}

/** The parts of an event that a change names. */
export type EventChanges = { [K in keyof EventInput]?: EventInput[K] | undefined };

/** A changed or cancelled instance of a series; absent parts are those of the series. */
export interface InstanceInput extends Omit<EventChanges, "id" | "uid" | "recurrence"> {
  /** When the series would have it. */
  originalStart: Moment;
  isCancelled?: boolean;
}

export interface SourceEvent extends EventInput {
  id: string;
  instances?: readonly InstanceInput[];
}

/** A calendar to fill a simulator with, in no provider's terms. */
export interface SourceCalendar {
  account: string;
  /** The account's own address makes it the account's primary calendar. */
  id: string;
  name: string;
  description?: string;
  timeZone: string;
  accessRole?: AccessRole;
  /** The owner has taken the access back: every sync of it fails. */
  isRevoked?: boolean;
  events: readonly SourceEvent[];
}
