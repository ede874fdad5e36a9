import type { DataFolder } from "./data-folder.js";
import type { EmbeddedPostgresLog } from "./embedded-postgres.js";
import { boundLog } from "./log-file.js";
import { livePostmaster } from "./postmaster.js";

const lookEveryMs = 500;

/**
 * Looks after a running PostgreSQL: bounds its log, and has it started again (on its port, so that addresses stay valid) when it
 * died, for instance of lack of memory. `end` waits for a restart under way.
 */
export function keepRunning(options: {
  folder: DataFolder;
  log: EmbeddedPostgresLog;
  restarts: boolean;
  restart: () => Promise<void>;
}): { end: () => Promise<void> } {
  let restarting: Promise<void> | null = null;
  const restart = async () => {
    options.log.warn("the embedded PostgreSQL has died; starting it again");
    await options.restart().catch((error: unknown) => {
      options.log.error(error, "the embedded PostgreSQL could not be started again");
    });
    restarting = null;
  };
  const look = () => {
    try {
      boundLog(options.folder.log);
      const isDead = livePostmaster(options.folder.cluster) === null;
      if (isDead && options.restarts) restarting ??= restart();
    } catch (error) {
      options.log.error(error, "the embedded PostgreSQL's folder cannot be looked after"); // a full disk must not end the server
    }
  };
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return {
    end: async () => {
      clearInterval(timer);
      await restarting;
    },
  };
}
