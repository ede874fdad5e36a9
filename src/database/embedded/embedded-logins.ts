import pg from "pg";
import { groupRoles } from "../logins.js";

/** The logins of embedded mode. Only the owner owns anything; none is a superuser or bypasses row level security. */
export const embeddedLogins = {
  owner: "calendar_sync_owner",
  system: "calendar_sync_system",
  app: "calendar_sync_app",
};

export interface LoginPasswords {
  owner: string;
  system: string;
  app: string;
}

/** Makes what is missing of the logins and group roles. `client` is the superuser's. Safe to repeat. */
export async function createEmbeddedLogins(client: pg.Client, passwords: LoginPasswords): Promise<void> {
  for (const name of Object.values(groupRoles)) await createRole(client, name, "nologin");
  for (const kind of ["owner", "system", "app"] as const) {
    const password = pg.escapeLiteral(passwords[kind]);
    await createRole(client, embeddedLogins[kind], `login password ${password}`);
  }
  await client.query(`grant ${groupRoles.app} to ${embeddedLogins.app}`);
  await client.query(`grant ${groupRoles.system} to ${embeddedLogins.system}`);
}

async function createRole(client: pg.Client, name: string, attributes: string): Promise<void> {
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [name]);
  if (rowCount === 0) await client.query(`create role ${pg.escapeIdentifier(name)} ${attributes}`);
}

/** A database that the owner owns, made if it is missing, and closed to every login but ours. `client` is the superuser's. */
export async function createEmbeddedDatabase(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
  if (rowCount !== 0) return;
  const database = pg.escapeIdentifier(name);
  await client.query(`create database ${database} owner ${embeddedLogins.owner}`);
  await client.query(`revoke all on database ${database} from public`);
  await client.query(`grant connect, temporary on database ${database} to ${groupRoles.app}, ${groupRoles.system}`);
}
