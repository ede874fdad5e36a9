/** A process that migrates a database and prints how that ended. */
import { pino } from "pino";
import { migrate } from "../../src/database/migrate.js";

const [, , ownerUrl = "", systemUrl = "", appUrl = ""] = process.argv;
await migrate({ ownerUrl, systemUrl, appUrl, log: pino({ level: "silent" }) });
console.log("migrated");
