import type { Config } from "../config.js";
import type { ProviderHttp } from "../providers/http.js";
import { providersOf } from "../providers/known-providers.js";
import { googleApplication, microsoftApplication } from "../providers/oauth-applications.js";
import type { CalendarProvider, ProviderName } from "../providers/provider.js";

/** The providers that are configured, as servers ask them. */
export function configuredProviders(config: Config, http: ProviderHttp): ReadonlyMap<ProviderName, CalendarProvider> {
  return providersOf({ google: googleApplication(config), microsoft: microsoftApplication(config) }, () => http);
}
