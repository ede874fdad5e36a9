/** A process that owns a database until it is killed. */
import { pino } from "pino";
import { takeOwnership } from "../../src/database/ownership.js";

const [, , url = "", address = ""] = process.argv;
const ownership = await takeOwnership(url, { description: "the database", log: pino({ level: "silent" }) });
await ownership.announce(address);
console.log("owned");
setInterval(() => undefined, 1000);
