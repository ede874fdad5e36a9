/** A process that holds a file lock until it is killed. */
import { tryFileLock } from "../../src/database/embedded/file-lock.js";

const lock = tryFileLock(process.argv[2] ?? "", "exclusive");
console.log(lock === null ? "taken" : "held");
setInterval(() => undefined, 1000);
