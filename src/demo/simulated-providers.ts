import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config.js";
import type { GoogleApplication, MicrosoftApplication } from "../providers/oauth-applications.js";
import type { ProviderName } from "../providers/provider.js";
import type { SourceCalendar } from "../simulator/calendar-source.js";
import { demoCalendars, microsoftDemoCalendars } from "../simulator/demo-calendars.js";
import { startSimulator, type Simulator } from "../simulator/simulator.js";
import type { DemoCalendar } from "./seed.js";

const client = { clientId: "demo-client", clientSecret: "demo-secret" };

export interface SimulatedProviders {
  simulator: Simulator;
  google: GoogleApplication;
  microsoft: MicrosoftApplication;
  /** What the demo firm is connected to, in the order of its connections. */
  calendars: DemoCalendar[];
}

/** The simulator with the demo's calendars, its state kept in the data folder. @throws Error naming a file that cannot be read */
export async function startSimulatedProviders(config: Config, log: Logger): Promise<SimulatedProviders> {
  const icsFiles = config.demoCalendars;
  const googleCalendars = await demoCalendars({ icsFiles });
  const microsoftCalendars = microsoftDemoCalendars({ icsFiles });
  const simulator = await startSimulator({
    stateFile: join(config.dataDir, "simulator.json"),
    googleCalendars,
    microsoftCalendars,
    log: (message) => {
      log.info(`simulator: ${message}`);
    },
  });
  log.info(`simulator: Google Calendar and Microsoft Graph answer at ${simulator.url}`);
  const connected = (provider: ProviderName) => (calendar: SourceCalendar) =>
    connectedCalendar(simulator, provider, calendar);
  const all = {
    google: googleCalendars.map(connected("GOOGLE")),
    microsoft: microsoftCalendars.map(connected("MICROSOFT")),
  };
  return { simulator, ...applications(config, simulator), calendars: inOrder(all, icsFiles.length) };
}

function connectedCalendar(simulator: Simulator, provider: ProviderName, { account, id, name }: SourceCalendar) {
  const { control } = simulator;
  return {
    provider,
    account,
    id: control.externalCalendarId(account, id),
    name,
    refreshToken: control.refreshTokenOf(account),
  };
}

function applications({ google, microsoft }: Config, simulator: Simulator) {
  return {
    google: {
      apiUrl: google.apiUrl ?? simulator.googleApiUrl,
      authUrl: google.authUrl ?? simulator.googleAuthUrl,
      tokenUrl: google.tokenUrl ?? simulator.googleTokenUrl,
      ...client,
    },
    microsoft: {
      apiUrl: microsoft.apiUrl ?? simulator.microsoftApiUrl,
      loginUrl: microsoft.loginUrl ?? simulator.microsoftLoginUrl,
      tenant: microsoft.tenant,
      ...client,
    },
  };
}

/** The demo's own calendars first, Google's before Microsoft's, then the two of each given file. */
function inOrder({ google, microsoft }: Record<"google" | "microsoft", DemoCalendar[]>, files: number): DemoCalendar[] {
  const [ownGoogle, filesOfGoogle] = [google.slice(0, google.length - files), google.slice(google.length - files)];
  const [ownMicrosoft, filesOfMicrosoft] = [
    microsoft.slice(0, microsoft.length - files),
    microsoft.slice(microsoft.length - files),
  ];
  const pairs = filesOfGoogle.flatMap((calendar, index) => [calendar, ...filesOfMicrosoft.slice(index, index + 1)]);
  return [...ownGoogle, ...ownMicrosoft, ...pairs];
}
