import { join } from "node:path";
import type { Logger } from "pino";
import { signToken } from "../access/token.js";
import type { Config } from "../config.js";
import { CredentialCipher } from "../connections/credential-cipher.js";
import { openDatabase } from "../database/orm.js";
import { demoCalendars } from "../simulator/demo-calendars.js";
import { startSimulator, type Simulator } from "../simulator/simulator.js";
import { printFirstSync } from "./first-sync.js";
import { demoFirmId, otherFirmId, seedDemoFirm } from "./seed.js";
import { welcome } from "./welcome.js";

const tokenHours = 12;

/** The simulated provider of demo mode, with the firm that is connected to it. */
export interface Demo {
  simulatorUrl: string;
  google: { apiUrl: string; tokenUrl: string; clientId: string; clientSecret: string };
  managerToken: string;
  /** Prints where to go, and what the first sync brought. */
  introduce(url: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startDemo(
  config: Config,
  logins: { ownerUrl: string; appUrl: string },
  log: Logger,
): Promise<Demo> {
  const calendars = await demoCalendars({ icsFiles: config.demoCalendars });
  const simulator = await startSimulator({
    stateFile: join(config.dataDir, "simulator.json"),
    googleCalendars: calendars,
    log: (message) => {
      log.info(`simulator: ${message}`);
    },
  });
  log.info(`simulator: Google Calendar answers at ${simulator.url}`);
  const database = await openDatabase(logins.appUrl, 2);
  const introduction = new AbortController();
  await seedDemoFirm(
    { ownerUrl: logins.ownerUrl, em: database.em, cipher: new CredentialCipher(config.credentialKeys) },
    calendars.map((calendar) => ({
      account: calendar.account,
      id: calendar.id,
      name: calendar.name,
      refreshToken: simulator.control.refreshTokenOf(calendar.account),
    })),
  );
  const managerToken = await token(config, demoFirmId, "manager");
  return {
    simulatorUrl: simulator.url,
    google: {
      apiUrl: config.google.apiUrl ?? simulator.googleApiUrl,
      tokenUrl: config.google.tokenUrl ?? simulator.googleTokenUrl,
      clientId: "demo-client",
      clientSecret: "demo-secret",
    },
    managerToken,
    introduce: async (url) => {
      print(
        welcome({
          url,
          simulatorUrl: simulator.url,
          managerToken,
          staffToken: await token(config, demoFirmId, "staff"),
          otherManagerToken: await token(config, otherFirmId, "manager"),
        }),
      );
      await printFirstSync(database.em, occurrencesOf(simulator), print, introduction.signal);
    },
    stop: async () => {
      introduction.abort();
      await database.close();
      await simulator.close();
    },
  };
}

function token(config: Config, firmId: string, role: "manager" | "staff"): Promise<string> {
  return signToken(config.jwt, { userId: `demo-${role}`, firmId, role, name: `Demo ${role}`, hours: tokenHours });
}

function occurrencesOf(simulator: Simulator) {
  return (account: string, calendar: string, from: Date, to: Date) =>
    simulator.control.occurrences(account, from, to, calendar);
}

/** To the terminal, not to the log: tokens are printed. */
function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
