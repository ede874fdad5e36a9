import type { HttpLimits } from "../../src/providers/call-limits.js";
import { ProviderHttp } from "../../src/providers/http.js";
import type {
  CalendarProvider,
  ChangePage,
  EventChange,
  KnownEvent,
  ListChangesRequest,
  EventContent,
  WrittenEvent,
} from "../../src/providers/provider.js";
import { startProviderServer, type ProviderServer } from "./provider-server.js";

export interface ProviderUnderTest {
  server: ProviderServer;
  provider: CalendarProvider;
  /** How many HTTP requests the calls said they made. */
  counted: () => number;
  listChanges(request?: Partial<ListChangesRequest>, signal?: AbortSignal, calendarId?: string): Promise<ChangePage>;
  getEvents(...events: KnownEvent[]): Promise<EventChange[]>;
  createEvent(content?: Partial<EventContent>): Promise<WrittenEvent>;
  updateEvent(content?: Partial<EventContent>): Promise<WrittenEvent>;
  deleteEvent(): Promise<void>;
  refreshAccess(refreshToken?: string, signal?: AbortSignal): ReturnType<CalendarProvider["refreshAccess"]>;
  close(): Promise<void>;
}

export const window = { windowStart: new Date("2026-01-01T00:00:00Z"), windowEnd: new Date("2027-01-01T00:00:00Z") };
const accessToken = "ya29.canary-access-token";
export const fullRound: ListChangesRequest = { accessToken, range: { kind: "FULL", ...window }, pageToken: null };
/** Under which events are made. */
export const eventKey = "0f8fad5b-d9cb-469f-a165-70867728950e";
const externalEventId = "canary-event";
const content: EventContent = {
  title: "Canary checkup",
  isTentative: false,
  startsAt: "2026-12-01T09:00:00.000Z",
  endsAt: "2026-12-01T10:00:00.000Z",
  isAllDay: false,
  timeZone: "Europe/Berlin",
};
const refreshToken = "1//canary-refresh-token";
export const clientSecret = "canary-client-secret";

export type MakeProvider = (serverUrl: string, http: ProviderHttp) => CalendarProvider;

/** The real provider against a server whose answers the test decides. */
export async function startProviderUnderTest(
  makeProvider: MakeProvider,
  calendarId: string,
  limits: Partial<HttpLimits> = {},
): Promise<ProviderUnderTest> {
  const server = await startProviderServer();
  const http = new ProviderHttp(limits);
  const provider = makeProvider(server.url, http);
  let requests = 0;
  const callWith = (signal = new AbortController().signal) => ({ signal, onRequest: () => (requests += 1) });
  const open = () => provider.openCalendar(calendarId, callWith());
  return {
    server,
    provider,
    counted: () => requests,
    listChanges: (request, signal, calendar = calendarId) =>
      provider.openCalendar(calendar, callWith(signal)).listChanges({ ...fullRound, ...request }),
    getEvents: (...events) => open().getEvents({ accessToken, events }),
    createEvent: (changes) => open().createEvent({ accessToken, eventKey, content: { ...content, ...changes } }),
    updateEvent: (changes) => {
      const fields = ["title", "status", "times"] as const;
      return open().updateEvent({ accessToken, externalEventId, content: { ...content, ...changes }, fields });
    },
    deleteEvent: () => open().deleteEvent({ accessToken, externalEventId }),
    refreshAccess: (token = refreshToken, signal) => provider.refreshAccess(token, callWith(signal)),
    close: async () => {
      await http.close();
      await server.close();
    },
  };
}
