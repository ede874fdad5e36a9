import { connect, createServer, type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { pino } from "pino";
import { checkDatabase } from "../../src/database/check-database.js";
import { connectWhenReady } from "../../src/database/wait-for-database.js";
import { createTestDatabase, withDatabase, type TestDatabase } from "../support/database.js";
import { TransactionPooler } from "./transaction-pooler.js";

const options = { log: pino({ level: "silent" }), waitSeconds: 60 };

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
});

afterEach(async () => {
  await database.drop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("the check of the database at start", () => {
  test("passes on a direct connection", async () => {
    await expect(checkDatabase(database.appUrl, options)).resolves.toBeUndefined();
  });

  test.each([
    ["takes the connection used last", false],
    ["takes its connections in turn", true],
  ])("refuses a pooler that pools by transaction and %s", async (_habit, isRoundRobin) => {
    const pooler = await TransactionPooler.start(database.appUrl, isRoundRobin);
    try {
      await expect(checkDatabase(pooler.url, options)).rejects.toThrow(/pools by transaction/);
    } finally {
      await pooler.stop();
    }
  });

  test("refuses an encoding other than UTF-8", async () => {
    const client = new pg.Client(database.superuserUrl);
    await client.connect();
    const latin = `${database.name}_latin`;
    await client.query(`create database ${latin} template template0 encoding latin1 locale_provider libc locale 'C'`);
    try {
      const url = withDatabase(database.superuserUrl, latin);
      await expect(checkDatabase(url, options)).rejects.toThrow(
        "The database's encoding is LATIN1; create it with encoding UTF8.",
      );
    } finally {
      await client.query(`drop database ${latin} with (force)`);
      await client.end();
    }
  });

  test("tells a wrong password and a missing database at once, without the password", async () => {
    const wrong = new URL(database.appUrl);
    wrong.password = "not-the-password";
    const refused = await checkDatabase(wrong.href, options).catch((error: unknown) => error);
    expect((refused as Error).message).toMatch(
      /^Cannot connect to the database .* as calendar_sync_app: password authentication failed/,
    );
    expect((refused as Error).message).not.toContain("not-the-password");
    await expect(checkDatabase(withDatabase(database.appUrl, "missing"), options)).rejects.toThrow(
      /database "missing" does not exist$/,
    );
  });

  test("tells an unreadable URL", async () => {
    await expect(checkDatabase("postgresql://[", options)).rejects.toThrow(/^The database's URL cannot be read/);
  });
});

describe("waiting for the database", () => {
  test("ends when it comes up", async () => {
    const port = await freePort();
    const late = new URL(database.appUrl);
    const target = Number(late.port);
    late.port = String(port);
    const waiting = connectWhenReady(late.href, options);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const proxy = createServer((client) => {
      const server = connect(target, "127.0.0.1");
      client.pipe(server).pipe(client);
      client.on("error", () => server.destroy());
      server.on("error", () => client.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(port, "127.0.0.1", resolve));
    const client = await waiting;
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.end();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test("ends with one line when it does not come up in time", async () => {
    const url = `postgresql://app:secret@127.0.0.1:${await freePort()}/calendar`;
    const waiting = connectWhenReady(url, { ...options, waitSeconds: 0.5 });
    await expect(waiting).rejects.toThrow(
      /^Cannot connect to the database calendar at 127\.0\.0\.1:\d+ as app: connect ECONNREFUSED/,
    );
  });
});
