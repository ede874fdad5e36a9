import type { calendar_v3 } from "googleapis/build/src/apis/calendar/v3.js";

/** The official client's own types of the answers that the conformance test checks: JSON schemas are made from them. */
export type Events = calendar_v3.Schema$Events;
export type Event = calendar_v3.Schema$Event;
export type CalendarList = calendar_v3.Schema$CalendarList;
export type Calendar = calendar_v3.Schema$Calendar;
