import { providersOf } from "../application.js";
import type { Config } from "../config.js";
import type { ProviderHttp } from "../providers/http.js";
import type { CalendarProvider, ProviderName } from "../providers/provider.js";
import { googleApplication, microsoftApplication } from "../server-process.js";

/** The providers that are configured, as servers ask them. */
export function configuredProviders(config: Config, http: ProviderHttp): ReadonlyMap<ProviderName, CalendarProvider> {
  return providersOf({ google: googleApplication(config), microsoft: microsoftApplication(config) }, () => http);
}
