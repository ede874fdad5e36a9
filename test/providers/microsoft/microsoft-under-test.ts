import type { HttpLimits } from "../../../src/providers/call-limits.js";
import { microsoftProvider } from "../../../src/providers/microsoft/client.js";
import {
  clientSecret,
  startProviderUnderTest,
  window,
  type MakeProvider,
  type ProviderUnderTest,
} from "../provider-under-test.js";

export const cursor = "me/calendarView/delta?$deltatoken=since";
export const sinceCursor = { kind: "SINCE", cursor, ...window } as const;
export const pageToken = "me/calendarView/delta?$skiptoken=page2";
export const calendarId = "primary";

export const makeMicrosoft: MakeProvider = (serverUrl, http) =>
  microsoftProvider({
    apiUrl: serverUrl,
    loginUrl: `${serverUrl}login/`,
    tenant: "canary-tenant",
    clientId: "client-1",
    clientSecret,
    http,
  });

export function startMicrosoftUnderTest(limits: Partial<HttpLimits> = {}): Promise<ProviderUnderTest> {
  return startProviderUnderTest(makeMicrosoft, calendarId, limits);
}

/** A page of a list as Graph writes it. `next` and `delta` are paths after `v1.0/`. */
export function graphPage(
  serverUrl: string,
  value: readonly unknown[],
  { next, delta }: { next?: string; delta?: string },
): object {
  return {
    "@odata.context": `${serverUrl}v1.0/$metadata#Collection(event)`,
    ...(next !== undefined && { "@odata.nextLink": `${serverUrl}v1.0/${next}` }),
    ...(delta !== undefined && { "@odata.deltaLink": `${serverUrl}v1.0/${delta}` }),
    value,
  };
}
