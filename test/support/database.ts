import { randomBytes } from "node:crypto";
import pg from "pg";

/** A migrated, empty database of its own on the test run's PostgreSQL, with the three logins. */
export interface TestDatabase {
  name: string;
  ownerUrl: string;
  systemUrl: string;
  appUrl: string;
  /** The same database as a superuser, who sees past row level security. */
  superuserUrl: string;
  /** Ends its sessions and removes it. */
  drop(): Promise<void>;
}

interface ClusterUrls {
  ownerUrl: string;
  systemUrl: string;
  appUrl: string;
  superuserUrl: string;
}

/** A copy of the migrated template; `{ migrated: false }` gives a bare database that the owner owns. */
export async function createTestDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const template = (options.migrated ?? true) ? templateDatabase : "template1";
  await onCluster(`create database ${name} owner calendar_sync_owner template ${template}`);
  const urls = clusterUrls();
  return {
    name,
    ownerUrl: withDatabase(urls.ownerUrl, name),
    systemUrl: withDatabase(urls.systemUrl, name),
    appUrl: withDatabase(urls.appUrl, name),
    superuserUrl: withDatabase(urls.superuserUrl, name),
    drop: () => onCluster(`drop database if exists ${name} with (force)`),
  };
}

export const templateDatabase = "calendar_sync_template";

/** Set by the global set-up; jest's workers inherit it. */
export const clusterVariable = "TEST_DATABASE_CLUSTER";

export function clusterUrls(): ClusterUrls {
  const urls = process.env[clusterVariable];
  if (urls === undefined) throw new Error("No test cluster runs: jest's global set-up starts it");
  return JSON.parse(urls) as ClusterUrls;
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function onCluster(statement: string): Promise<void> {
  const client = new pg.Client(clusterUrls().superuserUrl);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
