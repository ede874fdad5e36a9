import {
  ProviderFailure,
  type CalendarProvider,
  type ChangePage,
  type KnownEvent,
  type EventChange,
  type ListChangesRequest,
} from "../../../src/providers/provider.js";
import { googleProvider } from "../../../src/providers/google/client.js";
import { ProviderHttp, type HttpLimits } from "../../../src/providers/http.js";
import { startProviderServer, type ProviderServer } from "../provider-server.js";

export interface GoogleUnderTest {
  server: ProviderServer;
  provider: CalendarProvider;
  /** How many HTTP requests the calls said they made. */
  counted: () => number;
  listChanges(request?: Partial<ListChangesRequest>, signal?: AbortSignal, calendarId?: string): Promise<ChangePage>;
  getEvents(...events: KnownEvent[]): Promise<EventChange[]>;
  refreshAccess(refreshToken?: string, signal?: AbortSignal): ReturnType<CalendarProvider["refreshAccess"]>;
  close(): Promise<void>;
}

export const window = { windowStart: new Date("2026-01-01T00:00:00Z"), windowEnd: new Date("2027-01-01T00:00:00Z") };
export const sinceCursor = { kind: "SINCE", cursor: "since", ...window } as const;
const accessToken = "ya29.canary-access-token";
export const calendarId = "anna.canary@example.org";
export const fullRound: ListChangesRequest = { accessToken, range: { kind: "FULL", ...window }, pageToken: null };
export const refreshToken = "1//canary-refresh-token";
export const clientSecret = "canary-client-secret";

/** The real provider against a server whose answers the test decides. */
export async function startGoogleUnderTest(limits: Partial<HttpLimits> = {}): Promise<GoogleUnderTest> {
  const server = await startProviderServer();
  const http = new ProviderHttp(limits);
  const urls = { apiUrl: server.url, tokenUrl: `${server.url}token` };
  const provider = googleProvider({ ...urls, clientId: "client-1", clientSecret, http });
  let requests = 0;
  const callWith = (signal = new AbortController().signal) => ({ signal, onRequest: () => (requests += 1) });
  return {
    server,
    provider,
    counted: () => requests,
    listChanges: (request, signal, calendar = calendarId) =>
      provider.openCalendar(calendar, callWith(signal)).listChanges({ ...fullRound, ...request }),
    getEvents: (...events) => provider.openCalendar(calendarId, callWith()).getEvents({ accessToken, events }),
    refreshAccess: (token = refreshToken, signal) => provider.refreshAccess(token, callWith(signal)),
    close: async () => {
      await http.close();
      await server.close();
    },
  };
}

/** What a call failed with. Anything else than a ProviderFailure breaks the port's promise. */
export async function failureOf(call: Promise<unknown>): Promise<ProviderFailure> {
  const outcome = await call.then(
    () => "a success",
    (error: unknown) => error,
  );
  if (outcome instanceof ProviderFailure) return outcome;
  throw new Error("expected a ProviderFailure", { cause: outcome });
}
