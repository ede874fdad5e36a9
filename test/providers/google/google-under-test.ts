import {
  ProviderFailure,
  type CalendarProvider,
  type ChangePage,
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
  listChanges(request?: Partial<ListChangesRequest>, signal?: AbortSignal): Promise<ChangePage>;
  refreshAccess(refreshToken?: string, signal?: AbortSignal): ReturnType<CalendarProvider["refreshAccess"]>;
  close(): Promise<void>;
}

export const fullRound: ListChangesRequest = {
  accessToken: "ya29.canary-access-token",
  calendarId: "anna.canary@example.org",
  range: { windowStart: new Date("2026-01-01T00:00:00Z"), windowEnd: new Date("2027-01-01T00:00:00Z") },
  pageToken: null,
};
const refreshToken = "1//canary-refresh-token";
const clientSecret = "canary-client-secret";

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
    listChanges: (request, signal) => provider.listChanges({ ...fullRound, ...request }, callWith(signal)),
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
