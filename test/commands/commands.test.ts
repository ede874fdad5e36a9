import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import { startEmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.js";
import { throwAwaySettings } from "../../src/database/embedded/settings.js";
import { invariants } from "../../src/verify/invariants.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { insertConsistentHistory } from "../verify/consistent-history.js";
import { environmentOf, runCommandProcess } from "./command-process.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

let database: TestDatabase;
let environment: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  environment = environmentOf(database);
  await asSuperuser(insertConsistentHistory);
});

afterAll(async () => {
  await database.drop();
});

describe("npm run verify", () => {
  test("prints a line for each invariant that holds, and exits 0", async () => {
    const { exitCode, stdout, stderr } = await runCommandProcess("verify", [], environment);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(0, -1)).toEqual(invariants.map(({ name, sentence }) => `✓ ${name}: ${sentence}`));
    expect(lines.at(-1)).toBe(`verify: ${invariants.length} invariants hold`);
  });

  test("names the violations of an invariant, and exits 1", async () => {
    const broken = await createTestDatabase();
    await asSuperuser(insertConsistentHistory, broken);
    const sql = "update connection_statistics set open_exhausted = open_exhausted + 1 where connection_id in (1, 7)";
    await asSuperuser((client) => client.query(sql), broken);
    const { exitCode, stdout } = await runCommandProcess("verify", [], environmentOf(broken));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^✗ open-failure-counters: 2 violations \(firm 1 connection \d; firm 1 connection \d\)\. /m);
    expect(stdout).toMatch(new RegExp(`\nverify: 1 of ${invariants.length} invariants violated\n$`));
    await broken.drop();
  });

  test("says in one line that a database is not migrated, or not there", async () => {
    const bare = await createTestDatabase({ migrated: false });
    const unmigrated = await runCommandProcess("verify", [], environmentOf(bare));
    expect(unmigrated).toMatchObject({ exitCode: 1, stdout: "" });
    expect(unmigrated.stderr).toMatch(/^verify: the database lacks Migration.*: run "npm run migrate" first\n$/);
    await bare.drop();
    const gone = await runCommandProcess("verify", [], environmentOf(bare));
    expect(gone).toMatchObject({ exitCode: 1, stdout: "" });
    expect(gone.stderr).toMatch(/^verify: Cannot connect to the database .*\n$/);
  });

  test("exits 2 for arguments, and for a wrong configuration", async () => {
    const called = await runCommandProcess("verify", ["--quick"], environment);
    expect(called).toMatchObject({ exitCode: 2, stdout: "" });
    expect(called.stderr).toMatch(/^verify: .*--quick.*Usage: npm run verify -- \[--after-restore\]\n$/);
    const configured = await runCommandProcess("verify", [], { ...environment, PORT: "x", MAX_RETRIES: "x" });
    expect(configured).toMatchObject({ exitCode: 2, stdout: "" });
    expect(configured.stderr).toMatch(/PORT: .*\nMAX_RETRIES: /);
  });
});

describe("npm run firm", () => {
  test("adds a firm once, and lists all of them with their connections", async () => {
    const add = (name: string) => runCommandProcess("firm", ["add", "--id", "17", "--name", name], environment);
    expect(await add("Müller & Söhne")).toEqual({
      exitCode: 0,
      stdout: "Firm 17 (Müller & Söhne) added.\n",
      stderr: "",
    });
    expect(await add("Another")).toEqual({ exitCode: 1, stdout: "", stderr: "firm: firm 17 exists already\n" });
    expect(await runCommandProcess("firm", ["list"], environment)).toEqual({
      exitCode: 0,
      stdout: "1\tFirst\t9 connections\n2\tSecond\t0 connections\n17\tMüller & Söhne\t0 connections\n",
      stderr: "",
    });
  });

  test("exits 2 with its usage when it is called wrongly", async () => {
    const { exitCode, stderr } = await runCommandProcess("firm", ["add", "--id", "x", "--name", "N"], environment);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^firm: --id must be a positive whole number\. Usage: npm run firm -- add .*\n$/);
  });
});

describe("npm run migrate", () => {
  test("says what it applied to a bare database, and that the second time nothing is left", async () => {
    const bare = await createTestDatabase({ migrated: false });
    const first = await runCommandProcess("migrate", [], environmentOf(bare));
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toMatch(/^(✓ Migration\d{14}_\w+\n)+✓ pg-boss \d+\nmigrate: \d+ applied\n$/);
    const second = await runCommandProcess("migrate", [], environmentOf(bare));
    expect(second).toMatchObject({ exitCode: 0, stdout: "migrate: the database is up to date\n" });
    await bare.drop();
  });

  test("exits 2 where no owner's login is configured", async () => {
    const outcome = await runCommandProcess("migrate", [], { ...environment, DATABASE_OWNER_URL: "" });
    expect(outcome).toMatchObject({ exitCode: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^migrate: DATABASE_OWNER_URL: is missing/);
  });
});

describe("commands without a configured database", () => {
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "calendar-sync-commands-"));
    await chmod(dataDir, 0o755); // PostgreSQL may run as another user
  });

  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  test("start the embedded one for as long as they need it, or use that of a running server", async () => {
    const run = (name: string, ...args: string[]) =>
      runCommandProcess(name, args, { DATA_DIR: dataDir, LOG_LEVEL: "warn" });
    expect(await run("migrate")).toMatchObject({ exitCode: 0, stderr: "" });
    const server = await startEmbeddedPostgres({
      dataDir,
      log: pino({ level: "silent" }),
      settings: throwAwaySettings,
    });
    expect(server.adopted).toBe(false); // the command has stopped it
    try {
      expect(await run("firm", "add", "--id", "3", "--name", "Third")).toMatchObject({ exitCode: 0, stderr: "" });
      const client = new pg.Client(server.systemUrl);
      await client.connect(); // it still runs after a command has left it
      expect((await client.query("select id, name from firm")).rows).toEqual([{ id: "3", name: "Third" }]);
      await client.end();
    } finally {
      await server.stop();
    }
    expect(await run("verify")).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

async function asSuperuser(work: (client: pg.Client) => Promise<unknown>, { superuserUrl } = database): Promise<void> {
  const client = new pg.Client(superuserUrl);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
