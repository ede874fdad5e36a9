import type pg from "pg";
import { DatabaseSetupError } from "./database-setup-error.js";
import { connectWhenReady, type WaitOptions } from "./wait-for-database.js";

const oldestVersion = 15;

/**
 * Checks at start that the server runs on this database: PostgreSQL 15 or later, writable, UTF-8, and sessions of our own.
 * @throws DatabaseSetupError
 */
export async function checkDatabase(url: string, options: WaitOptions): Promise<void> {
  const client = await connectWhenReady(url, options);
  try {
    await requireServer(client);
    await requireSessions(client, () => connectWhenReady(url, options));
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function requireServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number; encoding: string; is_standby: boolean }>(`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding, pg_is_in_recovery() as is_standby`);
  const [server] = rows;
  if (server === undefined) throw new DatabaseSetupError("The database does not tell its version.");
  if (Math.trunc(server.number / 10_000) < oldestVersion) {
    throw new DatabaseSetupError(
      `The database is PostgreSQL ${server.version}; version ${oldestVersion} or later is needed.`,
    );
  }
  if (server.is_standby)
    throw new DatabaseSetupError("The database is a read-only standby; DATABASE_URL must name the primary.");
  if (server.encoding !== "UTF8") {
    throw new DatabaseSetupError(`The database's encoding is ${server.encoding}; create it with encoding UTF8.`);
  }
}

const otherSessions = 3;

/**
 * A pooler that pools by transaction gives every transaction any of its connections: LISTEN hears nothing, and the firm a session
 * is bound to would be another client's. It gives itself away when other sessions hold transactions: one of them runs on the
 * process that was ours, or we run on another one.
 */
async function requireSessions(client: pg.Client, connect: () => Promise<pg.Client>): Promise<void> {
  const ours = await backendOf(client);
  const others: pg.Client[] = [];
  try {
    for (let count = 0; count < otherSessions; count++) {
      const other = await connect();
      others.push(other);
      await other.query("begin");
      if ((await backendOf(other)) === ours || (await backendOf(client)) !== ours) throw poolsByTransaction();
    }
  } finally {
    await Promise.all(others.map((other) => other.end().catch(() => undefined)));
  }
}

async function backendOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid ?? 0;
}

function poolsByTransaction(): DatabaseSetupError {
  return new DatabaseSetupError(
    "DATABASE_URL leads through a pooler that pools by transaction, which breaks LISTEN and the binding of a session to its firm: " +
      "use its session pooling, or connect directly.",
  );
}
