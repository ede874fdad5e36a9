import { GoogleError } from "./google-error.js";
import { fingerprint } from "./opaque-token.js";
import type { QueryParameters } from "./query-parameters.js";

const EVENT_TYPES = ["birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation"] as const;

/** What a request to list events asks for. */
export interface ListQuery {
  isExpanded: boolean;
  showDeleted: boolean | null;
  timeMin: number | null;
  timeMax: number | null;
  updatedMin: number | null;
  orderBy: "startTime" | "updated" | null;
  q: string | null;
  iCalUID: string | null;
  privateProperties: readonly [string, string][];
  sharedProperties: readonly [string, string][];
  eventTypes: readonly string[];
  maxAttendees: number | null;
  maxResults: number;
  timeZone: string | null;
  pageToken: string | null;
  syncToken: string | null;
}

/** How far back `updatedMin` may lie. */
const UPDATED_MIN_LIFE_MS = 30 * 86_400_000;

/** Throws GoogleError for values that cannot be read and for those that do not go together. */
export function readListQuery(parameters: QueryParameters, now: number): ListQuery {
  const query: ListQuery = {
    isExpanded: parameters.boolean("singleEvents") ?? false,
    showDeleted: parameters.boolean("showDeleted"),
    timeMin: parameters.instant("timeMin"),
    timeMax: parameters.instant("timeMax"),
    updatedMin: parameters.instant("updatedMin"),
    orderBy: parameters.choice("orderBy", ["startTime", "updated"]),
    q: parameters.text("q"),
    iCalUID: parameters.text("iCalUID"),
    privateProperties: parameters.properties("privateExtendedProperty"),
    sharedProperties: parameters.properties("sharedExtendedProperty"),
    eventTypes: parameters.choices("eventTypes", EVENT_TYPES),
    maxAttendees: parameters.positive("maxAttendees"),
    maxResults: parameters.pageSize(250, 2500),
    timeZone: parameters.timeZone("timeZone"),
    pageToken: parameters.text("pageToken"),
    syncToken: parameters.text("syncToken"),
  };
  refuseCombinations(query, now);
  return query;
}

function refuseCombinations(query: ListQuery, now: number): void {
  if (query.syncToken !== null) refuseBesideSyncToken(query);
  if (query.timeMin !== null && query.timeMax !== null && query.timeMax <= query.timeMin) {
    throw badRequest("timeRangeEmpty", "The specified time range is empty.", "timeMax");
  }
  if (query.orderBy === "startTime" && !query.isExpanded) {
    throw badRequest("badRequest", "The requested ordering is not available for the particular query.", "orderBy");
  }
  if (query.updatedMin !== null && query.updatedMin < now - UPDATED_MIN_LIFE_MS) throw updatedMinTooLongAgo();
}

function refuseBesideSyncToken(query: ListQuery): void {
  const refused = [
    query.iCalUID !== null && "iCalUID",
    query.orderBy !== null && "orderBy",
    query.privateProperties.length > 0 && "privateExtendedProperty",
    query.q !== null && "q",
    query.sharedProperties.length > 0 && "sharedExtendedProperty",
    query.timeMin !== null && "timeMin",
    query.timeMax !== null && "timeMax",
    query.updatedMin !== null && "updatedMin",
    query.showDeleted === false && "showDeleted",
  ].find((name) => name !== false);
  if (refused !== undefined)
    throw badRequest("badRequest", `Sync token cannot be used with the parameter ${refused}.`, refused);
}

function badRequest(reason: string, message: string, location: string): GoogleError {
  return new GoogleError({ status: 400, reason, message, locationType: "parameter", location });
}

function updatedMinTooLongAgo(): GoogleError {
  const message = "The requested minimum modification time lies too far in the past.";
  return new GoogleError({
    status: 410,
    reason: "updatedMinTooLongAgo",
    message,
    locationType: "parameter",
    location: "updatedMin",
  });
}

/** What has to stay the same from a list's first request to the incremental ones after it. */
export function lastingParameters(query: ListQuery): string {
  const { isExpanded, eventTypes, maxAttendees, timeZone } = query;
  return fingerprint([isExpanded, [...eventTypes].sort(), maxAttendees, timeZone]);
}

/** What has to stay the same from page to page: everything but the page's size and token. */
export function pagingParameters(query: ListQuery): string {
  return fingerprint({ ...query, maxResults: null, pageToken: null });
}
