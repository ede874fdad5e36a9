import pg from "pg";
import { DatabaseSetupError } from "./database-setup-error.js";
import { errorCode, errorMessage } from "./error-code.js";

/** The group roles that grants and row policies name; logins are members. They belong to the whole cluster, not to a database. */
export const groupRoles = { app: "calendar_sync_app_role", system: "calendar_sync_system_role" };

interface Logins {
  app: string;
  system: string;
}

const attempts = 20;

const insufficientPrivilege = "42501";

/**
 * Makes sure that the group roles exist and that the logins of the two URLs are members, and that the application's login cannot
 * see past row level security. `owner` is the owner's connection.
 * @throws DatabaseSetupError with the exact SQL for a DBA where the owner may not do it
 */
export async function ensureLogins(owner: pg.Client, urls: { appUrl: string; systemUrl: string }): Promise<void> {
  const logins = { app: loginOf(urls.appUrl), system: loginOf(urls.systemUrl) };
  for (let attempt = 1; ; attempt++) {
    const missing = await missingStatements(owner, logins);
    if (missing.length === 0) break;
    if (attempt === attempts) throw needsDba(owner, missing);
    await runTolerantly(owner, missing);
  }
  await requireBoundLogins(owner, logins);
}

function loginOf(url: string): string {
  return new pg.Client(url).user ?? "";
}

async function missingStatements(owner: pg.Client, logins: Logins): Promise<string[]> {
  const wanted = [
    { login: logins.app, role: groupRoles.app, variable: "DATABASE_URL" },
    { login: logins.system, role: groupRoles.system, variable: "DATABASE_SYSTEM_URL" },
  ];
  const statements: string[] = [];
  for (const { login, role, variable } of wanted) {
    if (!(await roleExists(owner, login)))
      throw new DatabaseSetupError(`The database has no login ${login} (${variable}).`);
    if (!(await roleExists(owner, role))) statements.push(`create role ${role} nologin`);
    else if (await has(owner, "select pg_has_role($1, $2, 'usage') as answer", [login, role])) continue;
    statements.push(`grant ${role} to ${pg.escapeIdentifier(login)}`);
  }
  return statements;
}

function roleExists(owner: pg.Client, name: string): Promise<boolean> {
  return has(owner, "select exists (select from pg_roles where rolname = $1) as answer", [name]);
}

async function has(owner: pg.Client, question: string, values: string[]): Promise<boolean> {
  const { rows } = await owner.query<{ answer: boolean }>(question, values);
  return rows[0]?.answer ?? false;
}

async function runTolerantly(owner: pg.Client, statements: string[]): Promise<void> {
  for (const statement of statements) {
    try {
      await owner.query(statement);
    } catch (error) {
      if (errorCode(error) === insufficientPrivilege) throw needsDba(owner, statements, error);
      if (!isRace(error)) throw error;
    }
  }
}

/** Somebody else makes the same role or grant at this moment, perhaps from another database of the cluster. */
function isRace(error: unknown): boolean {
  const isDuplicate = ["42710", "23505"].includes(errorCode(error));
  return isDuplicate || errorMessage(error).includes("tuple concurrently");
}

function needsDba(owner: pg.Client, statements: string[], cause?: unknown): DatabaseSetupError {
  const sql = statements.map((statement) => `${statement};`).join(" ");
  return new DatabaseSetupError(
    `The login ${owner.user ?? ""} (DATABASE_OWNER_URL) may not set up roles. Let a DBA run: ${sql}`,
    {
      cause,
    },
  );
}

/** Row level security stops neither superusers nor those who have the policies of the owner or the system login. */
async function requireBoundLogins(owner: pg.Client, { app }: Logins): Promise<void> {
  const refuse = (what: string) => {
    throw new DatabaseSetupError(
      `The login ${app} (DATABASE_URL) ${what}, so firms could see each other's rows. Use a login of its own for DATABASE_URL.`,
    );
  };
  const bypasses = "select rolsuper or rolbypassrls as answer from pg_roles where rolname = $1";
  if (await has(owner, bypasses, [app])) refuse("is a superuser or bypasses row level security");
  if (await has(owner, "select pg_has_role($1, current_user, 'usage') as answer", [app])) refuse("is the owner");
  if (await has(owner, "select pg_has_role($1, $2, 'usage') as answer", [app, groupRoles.system]))
    refuse("is also the system login");
}
