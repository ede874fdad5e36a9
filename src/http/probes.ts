import type { Logger } from "pino";

export interface Probe {
  status: number;
  body: { status: string };
}

export interface Readiness {
  isStopping: () => boolean;
  /** What the database lacks of this build's migrations; it fails when the database cannot be asked. */
  pendingMigrations: () => Promise<readonly string[]>;
  log: Logger;
}

export const processIsUp: Probe = { status: 200, body: { status: "up" } };

/** Whether this process can do its work. */
export async function readiness(parts: Readiness): Promise<Probe> {
  const problem = parts.isStopping() ? "stopping" : await databaseProblem(parts);
  return { status: problem === null ? 200 : 503, body: { status: problem ?? "ready" } };
}

async function databaseProblem({ pendingMigrations, log }: Readiness): Promise<string | null> {
  try {
    return (await pendingMigrations()).length === 0 ? null : "migrations pending";
  } catch (error) {
    log.warn({ err: error }, "the database cannot be asked");
    return "database unavailable";
  }
}
