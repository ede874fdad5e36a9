import { existsSync } from "node:fs";
import Sequencer from "@jest/test-sequencer";

/** Begun last, each of these would still be running alone when all others have ended. They mostly wait for processes of their own. */
const longest = [
  "model/model",
  "nemesis/nemesis",
  "sync/breaker",
  "demo/demo",
  "demo/cluster",
  "connect/killed-consents",
  "import/import-command",
  "erase/erase-connection",
  "credentials/rotate-keys",
  "commands/commands",
  "verify/live-database",
  "commands/after-restore",
  "database/embedded-postgres",
  "providers/microsoft/faults",
].map((name) => new URL(`../${name}.test.ts`, import.meta.url).pathname);

for (const path of longest) if (!existsSync(path)) throw new Error(`there is no ${path}`);

const rank = ({ path }) => (longest.includes(path) ? longest.indexOf(path) : longest.length);

/** Jest's sequencer: the longest files first, the others as jest thinks best. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
