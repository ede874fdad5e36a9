import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { environmentOf, runCommandProcess } from "../commands/command-process.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import type { PlantedFault } from "../support/server-process.js";
import { importProcess } from "./import-process.js";
import { given, ndjson } from "./lines.js";

jest.setTimeout(120_000);

let database: TestDatabase;
let superuser: pg.Client;
const folder = mkdtempSync(join(tmpdir(), "calendar-sync-import-"));

beforeAll(async () => {
  database = await createTestDatabase();
  superuser = new pg.Client(database.superuserUrl);
  await superuser.connect();
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await superuser.end();
  await database.drop();
});

function file(name: string, lines: readonly unknown[]): string {
  writeFileSync(join(folder, name), ndjson(lines));
  return join(folder, name);
}

function run(...args: string[]) {
  return runCommandProcess("import", args, environmentOf(database));
}

describe("npm run import", () => {
  test("takes files in any order, exits 0, and says what it took", async () => {
    const calendars = file("calendars.ndjson", [given.connection(1, 10), given.connection(2, 10)]);
    const named = file("firms.ndjson", [given.firm(1), given.firm(2)]);
    const tried = await run("--dry-run", calendars, named);
    expect(tried).toEqual({
      exitCode: 0,
      stderr: "",
      stdout:
        "firm 1: 1 connection, 0 appointments, 0 attempts would be imported\nfirm 2: 1 connection, 0 appointments, 0 attempts would be imported\n" +
        "import: 2 firms would be imported (this was a dry run: nothing is changed), 0 refused\n",
    });
    expect((await superuser.query("select from firm")).rowCount).toBe(0);
    expect(await run(calendars, named)).toEqual({
      exitCode: 0,
      stderr: "",
      stdout:
        "firm 1: 1 connection, 0 appointments, 0 attempts imported\nfirm 2: 1 connection, 0 appointments, 0 attempts imported\n" +
        "import: 2 firms imported, 0 refused\n",
    });
  });

  test("exits 1 where anything was refused, which it tells by file and line and without a token", async () => {
    const lines = [given.firm(3), given.connection(3, 1, { scopes: 5 }), given.connection(3, 2, { status: "lost" })];
    const path = file("wrong.ndjson", lines);
    const { exitCode, stdout, stderr } = await run(path);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    expect(stdout.replaceAll(path, "wrong.ndjson").split("\n")).toEqual([
      "wrong.ndjson:2: connection 1: scopes must be a list of texts",
      "wrong.ndjson:3: connection 2: status must be one of active, paused, revoked",
      "firm 3: refused whole, for 2 lines",
      "import: 0 firms imported, 1 refused",
      "",
    ]);
  });

  test("exits 2 for wrong arguments and for a file that is not there, before anything is begun", async () => {
    const good = file("good.ndjson", [given.firm(4)]);
    const usage = "Usage: npm run import -- FILE.ndjson… [--dry-run]\n";
    expect(await run()).toEqual({ exitCode: 2, stdout: "", stderr: `import: a file is missing. ${usage}` });
    expect(await run(good, join(folder, "none"))).toEqual({
      ...{ exitCode: 2, stdout: "" },
      stderr: `import: ${join(folder, "none")} is not there, or cannot be read. ${usage}`,
    });
    expect(await run(folder)).toMatchObject({ exitCode: 2, stderr: `import: ${folder} is a folder. ${usage}` });
    expect(await run(good, "--force")).toMatchObject({ exitCode: 2, stdout: "" });
    expect((await superuser.query("select from firm where id = 4")).rowCount).toBe(0);
  });

  test("says that a database is not migrated", async () => {
    const bare = await createTestDatabase({ migrated: false });
    const outcome = await runCommandProcess("import", [file("one.ndjson", [given.firm(1)])], environmentOf(bare));
    await bare.drop();
    expect(outcome).toMatchObject({ exitCode: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^import: the database lacks Migration.*: run "npm run migrate" first\n$/);
  });
});

test("a login that may not make temporary tables is told, with what lets it", async () => {
  const own = await createTestDatabase();
  const client = new pg.Client(own.superuserUrl);
  await client.connect();
  await client.query(`revoke temporary on database ${own.name} from public`);
  await client.end();
  const { ended, output } = await importProcess(own, [given.firm(1)]);
  await own.drop();
  expect({ ended, output }).toEqual({
    ended: 1,
    output:
      "import: The application's login (DATABASE_URL) may not make temporary tables. Let a DBA run, with its database's name: " +
      "grant temporary on database calendar_sync to calendar_sync_app_role;\n",
  });
});

/** What the tests of this folder would see if the import were wrong. */
describe("it is noticed where", () => {
  const lines = [
    ...[given.firm(5), given.connection(5, 10), given.appointment(5, 20, 10), given.attempt(5, 30, 10)],
    '{"type":"connection","refresh_token":"1//secret',
  ];

  async function planted(fault: PlantedFault, some = lines.slice(0, -1)) {
    const own = await createTestDatabase();
    const client = new pg.Client(own.superuserUrl);
    await client.connect();
    const first = await importProcess(own, some, { planted: fault });
    const second = await importProcess(own, some, { planted: fault });
    const { rows: connections } = await client.query("select cursor from calendar_connection");
    const { rows: next } = await client.query("select nextval('appointment_id_seq')::int as id");
    await client.end();
    await own.drop();
    return { first, second, connections: connections as unknown[], nextId: (next as { id: number }[])[0]?.id };
  }

  test("nothing is wrong", async () => {
    const outcome = await planted({
      file: "src/import/import-firm.ts",
      find: "const mostTries = 3;",
      replace: "const mostTries = 2;",
    });
    expect(outcome).toMatchObject({
      first: { ended: 0 },
      second: { ended: 0 },
      connections: [{ cursor: null }],
      nextId: 21,
    });
  });

  test("identities are not lifted", async () => {
    const find = "await liftIdentities(liftingEm, unit);";
    const { nextId } = await planted({ file: "src/import/import-firm.ts", find, replace: "" });
    expect(nextId).not.toBe(21);
  });

  test("what is stored is not looked for", async () => {
    const find =
      "and not exists (select from appointment stored where stored.firm_id = line.firm_id and stored.id = line.id)";
    const { second } = await planted({ file: "src/import/merge-firm.ts", find, replace: "" });
    expect(second.ended).toBe(1);
  });

  test("a message has the line", async () => {
    const find = 'fault: "is not JSON"';
    const { first } = await planted({ file: "src/import/read-import-line.ts", find, replace: "fault: text" }, lines);
    expect(first.output).toContain("secret");
  });

  test("a cursor is taken over", async () => {
    const find = "const ids = added.map(({ id }) => id);";
    const update = "update calendar_connection set cursor = 'c', cursor_fingerprint = 'f'";
    const replace = `${find} await sql\`${update}\`.execute(unit.em.getKysely());`;
    const cursor = { file: "src/import/merge-connections.ts", find, replace };
    expect((await planted(cursor)).connections).toEqual([{ cursor: "c" }]);
  });

  test("the firm is not bound", async () => {
    const { first, connections } = await planted({
      file: "src/database/firm-scope.ts",
      find: "select set_config('app.firm_id', '${firmId}', true), now()",
      replace: "select now()",
    });
    expect({ ended: first.ended, connections }).toEqual({ ended: 1, connections: [] });
    expect(first.output).toContain("row-level security");
  });
});

test("a token is in no output, however the import ends, and in no table but encrypted", async () => {
  const bad = [given.connection(6, 1), given.connection(6, 1), JSON.stringify(given.connection(6, 2)).slice(0, -1)];
  const broken = { file: "src/import/merge-connections.ts", find: "'CREDENTIALS_REFUSED'", replace: "'NONE'" };
  const outcomes = [
    await importProcess(database, bad),
    await importProcess(database, [given.firm(6), ...bad.slice(0, 2)]),
    await importProcess(database, [given.firm(6), given.connection(6, 3, { status: "revoked" })], { planted: broken }),
    await importProcess(database, [given.firm(6), given.connection(6, 1)], {
      killedAt: { name: "import.in-transaction" },
    }),
    await importProcess(database, [given.firm(6), given.connection(6, 1)]),
  ];
  expect(outcomes.map(({ ended }) => ended)).toEqual([1, 1, 1, "SIGKILL", 0]);
  for (const { output } of outcomes) expect(output).not.toContain("secret");
  const { rows } = await superuser.query<{ everything: string }>(
    "select (select json_agg(a) from audit_event a)::text || (select json_agg(c) from calendar_connection c)::text || (select json_agg(encode(refresh_token, 'escape')) from calendar_credential)::text as everything",
  );
  expect(rows[0]?.everything).not.toContain("secret");
});
