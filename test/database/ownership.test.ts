import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { pino } from "pino";
import { OwnedByAnotherError, takeOwnership, type Ownership } from "../../src/database/ownership.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { runTypeScript } from "../support/typescript-process.js";

const log = pino({ level: "silent" });
const server = new URL("own-database.ts", import.meta.url);

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
});

afterEach(async () => {
  await database.drop();
});

function take(onLost?: (error: OwnedByAnotherError) => void): Promise<Ownership> {
  return takeOwnership(database.ownerUrl, { description: "the data folder .data", log, ...(onLost && { onLost }) });
}

/** Runs one statement; returns the number of its rows. */
async function asSuperuser(sql: string): Promise<number> {
  const client = new pg.Client(database.superuserUrl);
  await client.connect();
  const { rowCount } = await client.query(sql);
  await client.end();
  return rowCount ?? 0;
}

/** Ends the session that holds the lock, as an outage of the database would. */
async function breakOwner(): Promise<void> {
  await asSuperuser(
    "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name like 'owner %'",
  );
}

describe("the ownership of a database", () => {
  test("belongs to one server; the second is told who has it", async () => {
    const first = runTypeScript(server, [database.ownerUrl, "http://127.0.0.1:4000"]);
    expect(await first.nextLine()).toBe("owned");
    const refused = await take().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OwnedByAnotherError);
    const { message, owner } = refused as OwnedByAnotherError;
    expect(owner).toMatchObject({ pid: first.child.pid, url: "http://127.0.0.1:4000" });
    expect(hostname().startsWith(owner.host ?? "?")).toBe(true);
    expect(message).toMatch(
      /^Another server \(process \d+ on \S+\) has used the data folder \.data since \S+Z at http:\/\/127\.0\.0\.1:4000\.$/,
    );
    first.child.kill("SIGKILL");
    await first.ended;
  });

  test("is free again when it is released", async () => {
    const first = await take();
    await expect(take()).rejects.toThrow(OwnedByAnotherError);
    await first.release();
    await (await take()).release();
  });

  test("is free again when its server is killed", async () => {
    const first = runTypeScript(server, [database.ownerUrl, "http://127.0.0.1:4000"]);
    await first.nextLine();
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await untilTaken();
    await second.release();
  });

  test("is one database's: servers of others are not in the way", async () => {
    const other = await createTestDatabase({ migrated: false });
    const first = await take();
    const second = await takeOwnership(other.ownerUrl, { description: "another", log });
    await Promise.all([first.release(), second.release()]);
    await other.drop();
  });

  test("is taken again after an outage of the database", async () => {
    const first = await take();
    await breakOwner();
    await until(isOwned);
    await expect(take()).rejects.toThrow(OwnedByAnotherError);
    await first.release();
  });

  test("is reported lost when another server took it during an outage", async () => {
    const lost = Promise.withResolvers<OwnedByAnotherError>();
    const first = await take(lost.resolve);
    const rival = new pg.Client(database.ownerUrl);
    await rival.connect();
    const won = rival.query("select pg_advisory_lock(734001, 2)"); // gets it the moment it is free
    await breakOwner();
    await won;
    expect((await lost.promise).owner.pid).toBeNull();
    await first.release();
    await rival.end();
  });
});

/** A killed process's session ends a moment after it. */
async function untilTaken(): Promise<Ownership> {
  for (;;) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof OwnedByAnotherError)) throw error;
    }
  }
}

async function isOwned(): Promise<boolean> {
  return (await asSuperuser("select from pg_stat_activity where application_name like 'owner %'")) > 0;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 50));
}
