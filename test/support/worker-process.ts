/**
 * A worker in a process of its own, so that a test can kill it. Its configuration is its environment; Google's addresses are set there.
 * OUTAGE_LIMITS holds, as JSON, what differs from the usual limits. Prints a line when it takes jobs.
 */
import { pino } from "pino";
import { startApplication } from "../../src/application.js";
import { outageLimits, type OutageLimits } from "../../src/connections/outage-limits.js";
import { readConfig } from "../../src/config.js";

const config = readConfig(process.env);
const { client, apiUrl, tokenUrl } = config.google;
if (!config.database.logins || !client || apiUrl === null || tokenUrl === null)
  throw new Error("incomplete environment");
await startApplication({
  config,
  logins: config.database.logins,
  google: { apiUrl, authUrl: "", tokenUrl, clientId: client.id, clientSecret: client.secret },
  graphiqlToken: null,
  limits: { ...outageLimits, ...(JSON.parse(process.env["OUTAGE_LIMITS"] ?? "{}") as Partial<OutageLimits>) },
  log: pino({ level: "silent" }),
});
process.stdout.write("working\n");
