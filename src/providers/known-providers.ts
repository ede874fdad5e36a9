import type { ConsentProvider } from "./consent.js";
import { googleProvider } from "./google/client.js";
import { googleConsent } from "./google/consent.js";
import type { ProviderHttp } from "./http.js";
import { microsoftProvider } from "./microsoft/client.js";
import { microsoftConsent } from "./microsoft/consent.js";
import type { GoogleApplication, MicrosoftApplication } from "./oauth-applications.js";
import type { CalendarProvider, ProviderName } from "./provider.js";

/** Null or absent: calendars of that provider are not synced. */
export interface OAuthApplications {
  google: GoogleApplication | null;
  microsoft?: MicrosoftApplication | null;
}

type HttpOf = (provider: ProviderName) => ProviderHttp;

/** The providers that there is an application for, each spoken to over what `httpOf` gives for it. */
export function providersOf(
  { google, microsoft }: OAuthApplications,
  httpOf: HttpOf,
): Map<ProviderName, CalendarProvider> {
  const providers = new Map<ProviderName, CalendarProvider>();
  if (google) providers.set("GOOGLE", googleProvider({ ...google, http: httpOf("GOOGLE") }));
  if (microsoft) providers.set("MICROSOFT", microsoftProvider({ ...microsoft, http: httpOf("MICROSOFT") }));
  return providers;
}

/** How calendars of those providers are connected. */
export function consentProvidersOf(
  { google, microsoft }: OAuthApplications,
  httpOf: HttpOf,
): Map<ProviderName, ConsentProvider> {
  const providers = new Map<ProviderName, ConsentProvider>();
  if (google) providers.set("GOOGLE", googleConsent({ ...google, http: httpOf("GOOGLE") }));
  if (microsoft) providers.set("MICROSOFT", microsoftConsent({ ...microsoft, http: httpOf("MICROSOFT") }));
  return providers;
}
