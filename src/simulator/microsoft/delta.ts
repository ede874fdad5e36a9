import { decodeChecked, encodeChecked } from "../checked-token.js";
import { takePage } from "../page.js";
import type { PageStart } from "../page.js";
import { nextFormerSince } from "../walk.js";
import { deltaItems } from "./delta-items.js";
import type { DeltaItem, Round } from "./delta-items.js";
import { eventResource, occurrenceResource } from "./event-resource.js";
import type { EventView } from "./event-view.js";
import { eventIdAfter } from "./graph-id.js";
import { GraphError } from "./graph-error.js";
import type { QueryOptions } from "./query-options.js";
import { readWindow } from "./time-window.js";
import type { TimeWindow } from "./time-window.js";

const PURPOSE = "calendar view state";
const USUAL_PAGE = 10;
const LARGEST_PAGE = 1000;
/** So many changes of the last round come again where rounds overlap. */
const REPLAYED_CHANGES = 5;
const REFUSED = ["$select", "$expand", "$filter", "$orderby", "$search"];

/** What a link holds: the calendar and window it is bound to, and where to go on. */
type StateToken = DeltaToken | SkipToken;

interface DeltaToken {
  kind: "delta";
  calendar: string;
  window: TimeWindow;
  since: number;
  /** Absent: `since`. */
  formerSince?: number;
}

interface SkipToken extends Omit<DeltaToken, "kind" | "since"> {
  kind: "skip";
  since: number | null;
  start: PageStart;
}

/** Where a request was made: links lead back there. */
export interface Place {
  /** `http://host:port/v1.0`. */
  root: string;
  /** The path after it, as the client wrote it. */
  path: string;
}

/** The body of `calendarView/delta`: one page of a round. Throws GraphError. */
export function deltaBody(view: EventView, options: QueryOptions, place: Place) {
  refuseUnsupported(options);
  const { round, start } = roundOf(view, options, place);
  const { scenario } = view;
  const size = Math.min(view.preferences.maxPageSize ?? USUAL_PAGE, LARGEST_PAGE);
  const page = takePage(deltaItems(view.calendar, round, scenario, start), size, start, scenario);
  const value = page.items.map((item) => itemBody(view, item)).filter((body) => body !== null);
  const { window, since, formerSince, until } = round;
  const shared = { calendar: view.calendar.description.incarnation, window };
  const link = (name: string, token: StateToken) =>
    `${place.root}/${place.path}?$${name}=${encodeChecked(PURPOSE, token, "base64url")}`;
  const next = page.next
    ? { "@odata.nextLink": link("skiptoken", { kind: "skip", ...shared, since, formerSince, start: page.next }) }
    : scenario.isWithoutSyncToken
      ? {}
      : {
          "@odata.deltaLink": link("deltatoken", {
            kind: "delta",
            ...shared,
            since: until,
            formerSince: nextFormerSince(round, view.calendar.seq),
          }),
        };
  return { "@odata.context": `${place.root}/$metadata#Collection(event)`, ...next, value };
}

function refuseUnsupported(options: QueryOptions): void {
  const refused = REFUSED.filter((name) => options.get(name) !== null);
  if (refused.length === 0) return;
  const message = `The following parameters are not supported with change tracking over the 'CalendarView' resource: '${refused.join(", ")}'.`;
  throw new GraphError(400, "ErrorInvalidUrlQuery", message);
}

function roundOf(view: EventView, options: QueryOptions, place: Place): { round: Round; start: PageStart } {
  const text = options.text("$skiptoken") ?? options.text("$deltatoken");
  if (text === null) return firstRound(view, readWindow(options));
  const token = stateToken(text, view);
  if (token.kind === "skip") {
    const { window, since, start } = token;
    const formerSince = token.formerSince ?? since ?? start.until;
    if (start.until < view.calendar.prunedSeq) throw expiredState(view, window, place);
    return { round: { window, since, formerSince, until: start.until }, start };
  }
  if (token.since < view.calendar.prunedSeq) throw expiredState(view, token.window, place);
  return laterRound(view, token);
}

function firstRound(view: EventView, window: TimeWindow) {
  const until = view.calendar.seq;
  return { round: { window, since: null, formerSince: until, until }, start: { place: 0, until, page: 0 } };
}

function laterRound(view: EventView, { window, since: last, formerSince = last }: DeltaToken) {
  const { seq: until, prunedSeq } = view.calendar;
  const since = view.scenario.hasReplays ? Math.max(prunedSeq, last - REPLAYED_CHANGES) : last;
  const place = view.scenario.itemOrder === "arbitrary" ? 0 : since + 1;
  const round = { window, since, formerSince: Math.min(since, formerSince), until };
  return { round, start: { place, until, page: 0 } };
}

/** Throws GraphError for a token that is none, or one of another calendar. */
function stateToken(text: string, view: EventView): StateToken {
  const token = decodeChecked(PURPOSE, text) as StateToken | null;
  if (token?.calendar === view.calendar.description.incarnation) return token;
  throw new GraphError(400, "SyncStateInvalid", "The sync state token is not valid for this calendar view.");
}

/** A state that the service no longer has, in the spelling that the scenario asks for. */
function expiredState({ scenario }: EventView, window: TimeWindow, place: Place): GraphError {
  const message = "The sync state generation is not found; generation=149;[highest=157][157][155][156].";
  switch (scenario.expiredState) {
    case "badRequest":
      return new GraphError(400, "syncStateNotFound", message);
    case "notFound":
      return new GraphError(404, "syncStateNotFound", message);
    case "resyncRequired":
      return new GraphError(
        410,
        "resyncRequired",
        "Resync required. Replace any local items with the server's version.",
      );
    case "gone": {
      const [from, to] = [new Date(window.from).toISOString(), new Date(window.to).toISOString()];
      const location = `${place.root}/${place.path}?startDateTime=${from}&endDateTime=${to}&$deltatoken=`;
      return new GraphError(410, "SyncStateNotFound", message, { location });
    }
  }
}

/** Null for a departure that a client of immutable ids cannot tell, because the event has come back since. */
function itemBody(view: EventView, item: DeltaItem): Record<string, unknown> | null {
  const type = { "@odata.type": "#microsoft.graph.event" };
  if (item.kind === "event") return { ...type, ...eventResource(view, item) };
  if (item.kind === "instance") return { ...type, ...occurrenceResource(view, item) };
  const { hasImmutableIds } = view.preferences;
  const id = eventIdAfter(view.calendar, item.id, hasImmutableIds, item.moved);
  if (item.kind === "departed" && hasImmutableIds && view.calendar.find(item.id)) return null;
  return { ...type, id, "@removed": { reason: "deleted" } };
}
