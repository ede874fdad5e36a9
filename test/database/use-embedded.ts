/** A process that uses the embedded PostgreSQL of a data folder: prints where it is, or why not, and stops at SIGTERM. */
import { pino } from "pino";
import { startEmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { EmbeddedPostgresError } from "../../src/database/embedded/embedded-postgres-error.js";
import { throwAwaySettings } from "../../src/database/embedded/settings.js";

const log = pino({ level: "silent" });

try {
  const dataDir = process.argv[2] ?? "";
  const postgres = await startEmbeddedPostgres({ dataDir, log, settings: throwAwaySettings, restarts: false });
  const keepAlive = setInterval(() => undefined, 1000);
  process.once("SIGTERM", () => {
    clearInterval(keepAlive);
    void postgres.stop().then((stopped) => {
      console.log(JSON.stringify({ stopped }));
    });
  });
  console.log(JSON.stringify(postgres));
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error;
  console.log(JSON.stringify({ error: error.message }));
  process.exitCode = 2;
}
