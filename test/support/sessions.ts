import { afterAll, beforeAll } from "@jest/globals";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "./database.js";

export type Login = "app" | "system" | "owner" | "superuser";

export interface DatabaseOfFile {
  readonly urls: TestDatabase;
  /** A session of its own, ended after the file's tests. `firmId` binds it, as src/database/firm-scope.ts does. */
  session(login: Login, firmId?: string): Promise<pg.Client>;
}

/** One migrated database for all tests of a file. Call it at the top of the file. */
export function databaseOfFile(): DatabaseOfFile {
  let database: TestDatabase | undefined;
  const sessions: pg.Client[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(sessions.map((session) => session.end()));
    await database?.drop();
  });
  const urls = () => {
    if (!database) throw new Error("The database is made before the file's first test");
    return database;
  };
  return {
    get urls() {
      return urls();
    },
    async session(login, firmId) {
      const session = new pg.Client(urls()[`${login}Url`]);
      session.on("error", () => undefined); // tests end sessions on purpose
      await session.connect();
      sessions.push(session);
      if (firmId !== undefined) await bindSession(session, firmId);
      return session;
    },
  };
}

export async function bindSession(session: pg.Client, firmId: string): Promise<void> {
  await session.query("select set_config('app.firm_id', $1, false)", [firmId]);
}

/** What the database refuses, as `SQLSTATE` or `SQLSTATE constraint`; the statement and what went before it are undone. */
export async function refusalOf(session: pg.Client, ...statements: (() => Promise<unknown>)[]): Promise<string> {
  await session.query("begin");
  try {
    for (const statement of statements) await statement();
    return "accepted";
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return [error.code, error.constraint].filter(Boolean).join(" ");
  } finally {
    await session.query("rollback");
  }
}
