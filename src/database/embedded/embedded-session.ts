import { randomBytes } from "node:crypto";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import pg from "pg";
import { createEmbeddedDatabase, createEmbeddedLogins, embeddedLogins } from "./embedded-logins.js";
import type { DataFolder, Passwords } from "./data-folder.js";

/** Where the logins of embedded mode connect; on loopback, with the password. */
export interface EmbeddedUrls {
  ownerUrl: string;
  systemUrl: string;
  appUrl: string;
  /** For making databases and roles; the server itself never uses it. */
  superuserUrl: string;
}

const database = "calendar_sync";
const answerLimitMs = 5_000;

export function embeddedUrls(port: number, passwords: Passwords): EmbeddedUrls {
  const url = (login: string, password: string, name = database) =>
    `postgresql://${login}:${password}@127.0.0.1:${port}/${name}`;
  return {
    ownerUrl: url(embeddedLogins.owner, passwords.owner),
    systemUrl: url(embeddedLogins.system, passwords.system),
    appUrl: url(embeddedLogins.app, passwords.app),
    superuserUrl: url("postgres", passwords.superuser, "postgres"),
  };
}

/**
 * Whether the PostgreSQL on `port` is the one on this very folder, and not that of a copy of it (same passwords, same port file):
 * it must show us what we have just written beside its data.
 */
export async function isOurPostgres(port: number, folder: DataFolder, password: string): Promise<boolean> {
  const proof = randomBytes(16).toString("hex");
  const file = join(folder.cluster, `adopt-${proof.slice(0, 8)}`);
  writeFileSync(file, proof);
  chmodSync(file, 0o644); // its folder is closed to others; PostgreSQL may run as another user than we do
  try {
    return await withSuperuser(port, password, async (client) => {
      const { rows } = await client.query<{ shown: string }>("select pg_read_file($1, true) as shown", [
        basename(file),
      ]);
      return rows[0]?.shown === proof;
    });
  } catch {
    return false; // not up yet, going down, or not ours: the caller looks again
  } finally {
    rmSync(file, { force: true });
  }
}

/** Makes the logins and the database where a first start was interrupted or is this one. */
export async function prepareDatabase(port: number, passwords: Passwords): Promise<void> {
  await withSuperuser(port, passwords.superuser, async (client) => {
    await createEmbeddedLogins(client, passwords);
    await createEmbeddedDatabase(client, database);
  });
}

async function withSuperuser<T>(port: number, password: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    connectionTimeoutMillis: answerLimitMs,
    query_timeout: 60_000,
  });
  client.on("error", () => undefined); // a connection that breaks fails its query, which is how it is noticed
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
