import { googleProvider } from "../../../src/providers/google/client.js";
import type { HttpLimits } from "../../../src/providers/call-limits.js";
import {
  clientSecret,
  startProviderUnderTest,
  window,
  type MakeProvider,
  type ProviderUnderTest,
} from "../provider-under-test.js";

export const sinceCursor = { kind: "SINCE", cursor: "since", ...window } as const;
export const calendarId = "anna.canary@example.org";

export const makeGoogle: MakeProvider = (serverUrl, http) =>
  googleProvider({ apiUrl: serverUrl, tokenUrl: `${serverUrl}token`, clientId: "client-1", clientSecret, http });

export function startGoogleUnderTest(limits: Partial<HttpLimits> = {}): Promise<ProviderUnderTest> {
  return startProviderUnderTest(makeGoogle, calendarId, limits);
}
