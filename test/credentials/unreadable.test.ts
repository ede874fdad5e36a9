import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { pino } from "pino";
import { encryptedTables } from "../../src/connections/credential-tables.js";
import { violations } from "../faults/lost-workers.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { failingCommand } from "./failing-command.js";
import { firstKey, newKey, refreshTokenOf } from "./keys.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

/** The API; workers and schedulers come and go. */
let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
});

afterAll(async () => {
  await app.stop();
});

async function due(account: string): Promise<string> {
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3);
  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
  return connection;
}

/** Connection and newest run. */
async function stateOf(connection: string): Promise<string> {
  const [row] = await app.sql<{ state: string }>(
    `select concat_ws(' ', c.status, r.status, r.error_code) as state from calendar_connection c
     join sync_run r on r.connection_id = c.id where c.id = $1 order by r.id desc limit 1`,
    [connection],
  );
  return String(row?.state);
}

const ended = /HELD|SUCCEEDED|FAILED/;

describe("a key of the right version that is another one", () => {
  test("holds the run and names connection and version in the log; with the right key the run goes on by itself", async () => {
    const connection = await due("wrong@x.test");
    const token = await refreshTokenOf(app, connection, firstKey(app));
    let lines = "";
    const kept = new Writable({
      write(chunk, _, done) {
        lines += String(chunk);
        done();
      },
    });
    const log = pino({ level: "trace" }, kept);
    const { installation } = app;
    const wrong = await TestApp.start({
      ...{ installation, log },
      environment: { ROLES: "worker,scheduler", CREDENTIALS_KEYS: newKey(1) },
    });
    await until(async () => ended.test(await stateOf(connection)));
    await wrong.stop();
    expect(await stateOf(connection)).toBe("ACTIVE HELD CREDENTIALS_UNREADABLE");
    const told = lines.split("\n").find((line) => line.includes('"keyVersion":1'));
    expect(told).toContain(`"connectionId":"${connection}"`);
    expect(told).toContain("it was changed or moved, or the key is another one");
    expect(lines).not.toContain(token);
    expect(await violations(app)).toEqual([]);

    const right = await TestApp.start({ installation, environment: { ROLES: "worker,scheduler" } });
    await until(async () => (await stateOf(connection)) === "ACTIVE SUCCEEDED");
    await right.stop();
    const runs = await app.sql("select from sync_run where connection_id = $1", [connection]);
    expect(runs).toHaveLength(1);
    expect(await violations(app)).toEqual([]);
  });

  /** What becomes of a connection in a server with another key. */
  async function stateWithWrongKey(account: string, planted?: PlantedFault): Promise<string> {
    const connection = await due(account);
    const environment = { CREDENTIALS_KEYS: newKey(1) };
    const server = await ServerProcess.start(app, { roles: "worker,scheduler", environment, planted });
    await until(async () => ended.test(await stateOf(connection)));
    await server.stop();
    await app.sql("update calendar_connection set next_pull_at = null where id = $1", [connection]);
    return stateOf(connection);
  }

  test("never revokes a connection, which is seen where it does", async () => {
    const file = "src/sync/access-tokens.ts";
    const find = '{ action: { kind: "HOLD" }, cause: error }';
    const replace = '{ action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" }, cause: error }';
    expect(await stateWithWrongKey("held@x.test")).toBe("ACTIVE HELD CREDENTIALS_UNREADABLE");
    expect(await stateWithWrongKey("revoked@x.test", { file, find, replace })).toMatch(/^REVOKED/);
  });
});

describe("a key version that something stored needs and that is missing", () => {
  const missing =
    /ended with 2: CREDENTIALS_KEYS: version 1 is missing: the tokens of \d+ connections are encrypted with it$/m;

  test.each(["api", "worker", "scheduler", "api,worker,scheduler"])(
    "stops the start of %s with exit 2",
    async (roles) => {
      const connection = await app.connect(`${roles}@x.test`);
      const token = await refreshTokenOf(app, connection, firstKey(app));
      const started = ServerProcess.start(app, { roles, environment: { CREDENTIALS_KEYS: newKey(2) } });
      const refusal = await started.then(
        () => "started",
        (error: unknown) => String(error),
      );
      expect(refusal).toMatch(missing);
      expect(refusal).not.toContain(token);
    },
  );

  test("stops verify after a restore with exit 2, before anything is changed", async () => {
    await app.sql("update calendar_connection set cursor = 'c', cursor_fingerprint = 'f'");
    const environment = { CREDENTIALS_KEYS: newKey(2) };
    const outcome = await failingCommand(app, ["verify", "--after-restore"], { environment });
    expect(outcome.ended).toBe(2);
    expect(outcome.output).toMatch(/verify: CREDENTIALS_KEYS: version 1 is missing/);
    expect(await app.sql("select from calendar_connection where cursor is null")).toEqual([]);
  });
});

test("every table with a key version is known to the rotation, with every encrypted column", async () => {
  const rows = await app.sql<{ table: string; columns: string[] }>(
    `select c.table_name as table, array_agg(c.column_name::text order by c.column_name) as columns
     from information_schema.columns c
     where c.table_schema = 'public' and c.data_type = 'bytea' and c.column_name not like '%\\_hash' and exists (
       select from information_schema.columns k where k.table_name = c.table_name and k.column_name = 'key_version'
     ) group by 1 order by 1`,
  );
  const known = encryptedTables.map(({ table, columns }) => ({ table, columns: Object.keys(columns).sort() }));
  expect(known.sort((one, other) => one.table.localeCompare(other.table))).toEqual(rows);
});
