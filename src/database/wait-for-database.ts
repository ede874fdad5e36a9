import pg from "pg";
import pRetry from "p-retry";
import type { BaseLogger } from "pino";
import { DatabaseSetupError } from "./database-setup-error.js";
import { errorCode, errorMessage } from "./error-code.js";

export type DatabaseLog = Pick<BaseLogger, "info" | "warn" | "error">;

export interface WaitOptions {
  log: DatabaseLog;
  /** How long a database that is not there yet is waited for. Default 60 s. */
  waitSeconds?: number;
}

const connectTimeoutMillis = 5_000;
const slowestPollMs = 2_000;

/** Not listening, unknown host, starting up, shutting down, out of connections: what passes by itself. */
const passingCodes = new Set([
  ...[
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "EPIPE",
    "ENOENT",
  ],
  ...["57P01", "57P02", "57P03", "53300"],
]);

/**
 * Connects, waiting for a database that is not there yet. Only that is waited for: a refused password is told at once.
 * @throws DatabaseSetupError
 */
export async function connectWhenReady(url: string, options: WaitOptions): Promise<pg.Client> {
  const place = placeOf(url);
  try {
    return await pRetry(() => connect(url), {
      retries: Number.POSITIVE_INFINITY,
      maxRetryTime: (options.waitSeconds ?? 60) * 1000,
      minTimeout: 100,
      maxTimeout: slowestPollMs,
      shouldRetry: ({ error }) => isPassing(error),
      onFailedAttempt: ({ error, attemptNumber }) => {
        if (isPassing(error) && attemptNumber % 5 === 0)
          options.log.warn(`waiting for the database ${place}: ${errorMessage(error)}`);
      },
    });
  } catch (error) {
    throw new DatabaseSetupError(`Cannot connect to the database ${place}: ${errorMessage(error)}`, { cause: error });
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMillis,
    keepAlive: true,
    application_name: "calendar-sync-admin",
  });
  // A connection that breaks fails its next query, which is where it is noticed; unheard, the event would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw new Error(errorMessage(error), { cause: error });
  }
}

function isPassing(error: Error): boolean {
  return passingCodes.has(errorCode(error.cause)) || /timeout expired|Connection terminated/.test(errorMessage(error));
}

/** Who and where, without the password. */
function placeOf(url: string): string {
  try {
    const { user, host, port, database } = new pg.Client(url);
    return `${database ?? ""} at ${host}:${port} as ${user ?? ""}`;
  } catch (error) {
    throw new DatabaseSetupError(
      "The database's URL cannot be read; it looks like postgresql://user:password@host:5432/name.",
      {
        cause: error,
      },
    );
  }
}
