import { sql } from "kysely";
import type { Logger } from "pino";
import type { ApplicationLogins } from "../application.js";
import type { Config } from "../config.js";
import { CredentialCipher } from "../connections/credential-cipher.js";
import { inFirm } from "../database/firm-scope.js";
import { openDatabase, type EntityManager } from "../database/orm.js";
import type { GoogleApplication, MicrosoftApplication } from "../providers/oauth-applications.js";
import type { Simulator } from "../simulator/simulator.js";
import { endOutage, makeExhaustedAttempt, needsExhaustedAttempt } from "./exhausted-attempt.js";
import { Introduction } from "./introduction.js";
import { preparingServer } from "./preparing-server.js";
import { announceDemo, withdrawDemo } from "./running-demo.js";
import { demoFirmId, seedDemoFirm } from "./seed.js";
import { startSimulatedProviders } from "./simulated-providers.js";
import { demoToken } from "./tokens.js";

/** The simulated providers of demo mode, with the firm that is connected to them. */
export interface Demo {
  google: GoogleApplication;
  microsoft: MicrosoftApplication;
  managerToken: string;
  /** The server runs, with its API at `url` if it has one. Starts the first sync and tells of it on the terminal. */
  introduce(url: string | null): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts them, and on a new data folder makes what the demo shows that takes a while to come about by itself.
 * @throws Error naming a file of DEMO_CALENDARS that cannot be read
 */
export async function startDemo(
  config: Config,
  logins: ApplicationLogins & { ownerUrl: string },
  log: Logger,
): Promise<Demo> {
  const { simulator, google, microsoft, calendars } = await startSimulatedProviders(config, log);
  const { control } = simulator;
  const database = await openDatabase(logins.appUrl, 2);
  const { em } = database;
  await seedDemoFirm({ ...logins, em, cipher: new CredentialCipher(config.credentialKeys) }, calendars);
  const before = { requestsBefore: newestRequest(simulator), lastAttemptBefore: await newestAttempt(em) };
  if (await needsExhaustedAttempt(em)) {
    log.info("demo: making a failure whose retries are used up");
    const options = { config, logins, google, microsoft, graphiqlToken: null, log };
    await makeExhaustedAttempt({ ...logins, em, control }, () => preparingServer(options));
  }
  endOutage(control);
  const introduction = new Introduction({ config, simulator, em, log, firstAccount: calendars[0]?.account ?? "" });
  return {
    google,
    microsoft,
    managerToken: await demoToken(config, "manager"),
    introduce: async (url) => {
      if (url !== null) {
        announceDemo(config.dataDir, { pid: process.pid, url, simulatorUrl: simulator.url, ...before });
      }
      await introduction.begin(url);
    },
    stop: async () => {
      withdrawDemo(config.dataDir);
      await introduction.stop();
      await database.close();
      await simulator.close();
    },
  };
}

function newestRequest({ control }: Simulator): number {
  return control.requests().at(-1)?.seq ?? 0;
}

async function newestAttempt(em: EntityManager): Promise<string> {
  const { rows } = await inFirm(demoFirmId, () =>
    sql<{ id: string }>`select coalesce(max(id), 0) as id from sync_attempt where firm_id = ${demoFirmId}`.execute(
      em.getKysely(),
    ),
  );
  return String(rows[0]?.id);
}
