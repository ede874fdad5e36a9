import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { ownershipLock, tryAdvisoryLock } from "./advisory-lock.js";
import { connectWhenReady, type DatabaseLog } from "./wait-for-database.js";

/** The server that owns a database, as far as it is known. */
export interface Owner {
  pid: number | null;
  host: string | null;
  /** Where it answers, once it has announced that. */
  url: string | null;
  since: Date;
}

/** Another server owns the database. The message names it, in one line. */
export class OwnedByAnotherError extends Error {
  readonly owner: Owner;

  constructor(what: string, owner: Owner) {
    const process = owner.pid === null ? "" : ` (process ${owner.pid} on ${owner.host ?? "an unknown host"})`;
    const place = owner.url === null ? "" : ` at ${owner.url}`;
    super(`Another server${process} has used ${what} since ${owner.since.toISOString()}${place}.`);
    this.name = "OwnedByAnotherError";
    this.owner = owner;
  }
}

export interface OwnershipOptions {
  /** What is owned, for the message to the second server: "the data folder .data". */
  description: string;
  log: DatabaseLog;
  /** The database was lost, and when it came back another server had taken it: this one must end. */
  onLost?: (error: OwnedByAnotherError) => void;
}

export interface Ownership {
  /** Tells those who come second where this server answers. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

const retakeEveryMs = 500;

/**
 * Makes this process the one server of a database, until it releases it or dies: the lock is that of a session, so a SIGKILL frees
 * it too. After an outage of the database it is taken again. Takes the owner's URL, since all rivals must have the same login.
 * @throws OwnedByAnotherError, DatabaseSetupError
 */
export async function takeOwnership(url: string, options: OwnershipOptions): Promise<Ownership> {
  let address: string | null = null;
  const released = new AbortController();
  let client = await take(url, options, address);
  const holdOn = (): void => {
    client.once("end", () => void retake());
  };
  const retake = async (): Promise<void> => {
    const taken = await takeAgain(() => take(url, { ...options, waitSeconds: 0 }, address), released.signal);
    if (taken instanceof OwnedByAnotherError) options.onLost?.(taken);
    if (taken === null || taken instanceof OwnedByAnotherError) return;
    client = taken;
    holdOn();
    if (released.signal.aborted) await client.end();
  };
  holdOn();
  return {
    announce: async (announced) => {
      address = announced;
      await sign(client, address);
    },
    release: async () => {
      released.abort();
      await client.end().catch(() => undefined);
    },
  };
}

/** Tries until the database is back; null when the ownership was released meanwhile. */
async function takeAgain(
  take: () => Promise<pg.Client>,
  released: AbortSignal,
): Promise<pg.Client | OwnedByAnotherError | null> {
  while (!released.aborted) {
    try {
      return await take();
    } catch (error) {
      if (error instanceof OwnedByAnotherError) return error;
    }
    await delay(retakeEveryMs, undefined, { ref: false });
  }
  return null;
}

async function take(
  url: string,
  options: OwnershipOptions & { waitSeconds?: number },
  address: string | null,
): Promise<pg.Client> {
  const client = await connectWhenReady(url, options);
  try {
    await client.query("set idle_session_timeout = 0");
    if (!(await tryAdvisoryLock(client, ownershipLock)))
      throw new OwnedByAnotherError(options.description, await ownerOf(client));
    await sign(client, address);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** Says in the session's name who holds the lock. PostgreSQL cuts it at 63 bytes, so the least important is last. */
async function sign(client: pg.Client, address: string | null): Promise<void> {
  const name = `owner ${process.pid} ${address ?? "-"} ${hostname()}`;
  await client.query("select set_config('application_name', $1, false)", [name]);
}

const signed = /^owner (\d+) (\S+) ?(\S*)$/;

async function ownerOf(client: pg.Client): Promise<Owner> {
  const { rows } = await client.query<{ application_name: string; backend_start: Date }>(
    `select a.application_name, a.backend_start from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
       and l.classid = $1 and l.objid = $2`,
    [...ownershipLock],
  );
  const [, pid, address, host] = signed.exec(rows[0]?.application_name ?? "") ?? [];
  return {
    pid: pid === undefined ? null : Number(pid),
    host: host === undefined || host === "" ? null : host,
    url: address === undefined || address === "-" ? null : address,
    since: rows[0]?.backend_start ?? new Date(),
  };
}
