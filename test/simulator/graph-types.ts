import type * as graph from "@microsoft/microsoft-graph-types";

/**
 * What Graph's documents promise of its answers, on top of the published types, in which every property is optional: what is always
 * there, in which form, and the annotations that OData adds. Schemas are generated from here.
 */

/** `2026-11-23T08:00:00.0000000` in the zone named beside it. */
interface Moment extends graph.DateTimeTimeZone {
  /** @pattern ^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}$ */
  dateTime: string;
  timeZone: string;
}

interface Pattern extends graph.RecurrencePattern {
  type: graph.RecurrencePatternType;
  /** @minimum 1 */
  interval: number;
}

interface Range extends graph.RecurrenceRange {
  type: graph.RecurrenceRangeType;
  /** @pattern ^\d{4}-\d\d-\d\d$ */
  startDate: string;
  recurrenceTimeZone: string;
}

interface Recurrence extends graph.PatternedRecurrence {
  pattern: Pattern;
  range: Range;
}

interface Etagged {
  /** @pattern ^W/".+"$ */
  "@odata.etag": string;
  /** @pattern ^AA[A-Za-z0-9_=-]+$ */
  id: string;
}

interface Event extends graph.Event, Etagged {
  id: string;
  type: graph.EventType;
  subject: string | null;
  body: graph.ItemBody;
  start: Moment;
  end: Moment;
  isAllDay: boolean;
  isCancelled: boolean;
  isOrganizer: boolean;
  iCalUId: string;
  showAs: graph.FreeBusyStatus;
  sensitivity: graph.Sensitivity;
  originalStartTimeZone: string;
  originalEndTimeZone: string;
  seriesMasterId: string | null;
  recurrence: Recurrence | null;
  organizer: graph.Recipient;
  attendees: graph.Attendee[];
  /** @pattern ^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$ */
  createdDateTime: string;
  /** @pattern ^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$ */
  lastModifiedDateTime: string;
}

interface Typed {
  "@odata.type": "#microsoft.graph.event";
}

interface WholeItem extends Event, Typed {
  id: string;
  type: "singleInstance" | "seriesMaster" | "exception";
}

interface OccurrenceItem extends Typed, Etagged {
  id: string;
  type: "occurrence";
  seriesMasterId: string;
  start: Moment;
  end: Moment;
}

interface RemovedItem extends Typed {
  id: string;
  "@removed": { reason: "deleted" };
}

export type DeltaItem = WholeItem | OccurrenceItem | RemovedItem;

interface Answer {
  "@odata.context": string;
}

interface MiddlePage extends Answer {
  value: DeltaItem[];
  "@odata.nextLink": string;
}

interface LastPage extends Answer {
  value: DeltaItem[];
  "@odata.deltaLink": string;
}

/** Never both links. */
export type DeltaPage = MiddlePage | LastPage;

export interface EventList extends Answer {
  value: Event[];
  "@odata.nextLink"?: string;
}

export interface SingleEvent extends Event, Answer {
  id: string;
  "calendar@odata.associationLink": string;
  "calendar@odata.navigationLink": string;
}

interface Calendar extends graph.Calendar {
  id: string;
  name: string;
  isDefaultCalendar: boolean;
  canEdit: boolean;
  owner: graph.EmailAddress;
}

export interface CalendarList extends Answer {
  value: Calendar[];
  "@odata.nextLink"?: string;
}

export interface SingleCalendar extends Calendar, Answer {
  id: string;
}

export interface SignedInUser extends graph.User, Answer {
  id: string;
  userPrincipalName: string;
}

export interface OwnSettings extends graph.MailboxSettings, Answer {
  timeZone: string;
}

/** The shape that every refusal of Graph has. */
export interface Refusal {
  error: {
    code: string;
    message: string;
    "@event.existingEventId"?: string;
    innerError: { date: string; "request-id": string; "client-request-id": string };
  };
}

/** Microsoft Entra's answer to a token request, and its refusal. */
export interface Tokens {
  token_type: "Bearer";
  scope: string;
  expires_in: number;
  ext_expires_in: number;
  access_token: string;
  refresh_token: string;
  id_token?: string;
  client_info?: string;
}

export interface TokenRefusal {
  error: string;
  /** @pattern ^AADSTS\d+: .+ Trace ID: [-0-9a-f]{36} Correlation ID: [-0-9a-f]{36} Timestamp: .+Z$ */
  error_description: string;
  error_codes: number[];
  timestamp: string;
  trace_id: string;
  correlation_id: string;
  error_uri: string;
  suberror?: string;
}
