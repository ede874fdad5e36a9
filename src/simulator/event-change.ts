import type {
  EventContent,
  EventStatus,
  EventTimes,
  ExceptionEvent,
  FormerInstance,
  SeriesEvent,
  StoredEvent,
} from "./event.js";

/** What a calendar is told about an event that is created or changed. */

export interface NewEvent {
  /** Made up where none is given. Taken for ever, also by a cancelled event. */
  id?: string;
  uid?: string;
  times: EventTimes;
  /** RRULE, RDATE and EXDATE lines; makes a series. */
  recurrence?: readonly string[];
  status?: EventStatus;
  content: EventContent;
}

export interface EventPatch {
  times?: EventTimes;
  recurrence?: readonly string[];
  /** Brings a cancelled event back. */
  status?: EventStatus;
  content?: Partial<EventContent>;
  /** All of the content, in place of what is known. */
  wholeContent?: EventContent;
}

/** What a new exception gets from its calendar. */
type NewRecord = Pick<ExceptionEvent, "id" | "uid" | "position" | "seq" | "createdAt" | "updatedAt">;

/** An instance of a series as an event of its own, for now still as the series has it. */
export function exceptionOf(series: SeriesEvent, originalStartsAt: number, record: NewRecord): ExceptionEvent {
  return {
    ...record,
    kind: "exception",
    recurringEventId: series.id,
    originalStartsAt,
    isOriginalAllDay: series.isAllDay,
    startsAt: originalStartsAt,
    endsAt: originalStartsAt + series.endsAt - series.startsAt,
    isAllDay: series.isAllDay,
    timeZone: series.timeZone,
    status: series.status,
    sequence: series.sequence,
    content: series.content,
  };
}

/** The parts that make a record a series. */
export function emptySeries(recurrence: readonly string[]) {
  return {
    kind: "series" as const,
    recurrence,
    exceptions: new Map<string, ExceptionEvent>(),
    formerInstances: new Map<string, FormerInstance>(),
    formerExceptions: new Map<string, FormerInstance>(),
    formerSingleSeq: null,
  };
}

/** Changes the event in place; its recurrence is not part of this. */
export function applyPatch(event: StoredEvent, patch: EventPatch): void {
  if (patch.times) {
    Object.assign(event, patch.times);
    event.sequence += 1;
  }
  if (patch.status) event.status = patch.status;
  if (patch.wholeContent) event.content = patch.wholeContent;
  if (patch.content) event.content = { ...event.content, ...patch.content };
}
