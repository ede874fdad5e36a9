import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { violations } from "../faults/lost-workers.js";
import { TestApp } from "../support/app.js";
import { addEvent, at } from "../support/calendar.js";
import { withDatabase } from "../support/database.js";
import { auditOf } from "../support/manager.js";
import { refusalOf } from "../support/sessions.js";
import { Changes, provided, visit } from "./changes.js";

jest.setTimeout(120_000);

const password = randomBytes(12).toString("hex");
/** Roles belong to the whole cluster. */
const role = (firm: string) => `host_${suffix}_firm_${firm}`;
const suffix = randomBytes(4).toString("hex");

let app: TestApp;
let changes: Changes;
let host: pg.Client;
const sessions: pg.Client[] = [];
const roles: string[] = [];

beforeAll(async () => {
  app = await TestApp.start();
  changes = new Changes(app);
  host = await loginOf("1");
});

afterAll(async () => {
  for (const session of sessions) await session.end();
  for (const name of roles) await app.sql(`drop owned by ${name}`);
  for (const name of roles) await app.sql(`drop role ${name}`);
  await app.stop();
});

const guide = readFileSync(new URL("../../docs/pushing.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => String(sql));

/** A login of a firm, with the rights that the guide gives. */
async function loginOf(firm: string): Promise<pg.Client> {
  const { database } = app.installation;
  await app.sql(`create role ${role(firm)} login password '${password}'`);
  roles.push(role(firm));
  await app.sql(`grant usage on schema public to ${role(firm)}`);
  const owner = await connected(database.ownerUrl);
  await owner.query(String(blocks[0]).replace("host_firm_17", role(firm)));
  const url = new URL(withDatabase(database.superuserUrl, database.name));
  url.username = role(firm);
  url.password = password;
  return connected(url.href);
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  sessions.push(client);
  return client;
}

interface Made {
  appointment_id: string;
  correlation_id: string;
}

const create = `select * from create_appointment_v1($1, 'Visit', '${visit.startsAt}', '${visit.endsAt}')`;

async function made(connection: string, session = host): Promise<Made> {
  const { rows } = await session.query<Made>(create, [connection]);
  const [row] = rows;
  if (!row) throw new Error("nothing was made");
  return row;
}

/** Waits as a manager does. */
async function settled(correlationId: string): Promise<string> {
  const query = "query ($id: ID!) { syncRun(correlationId: $id, waitSeconds: 20) { status } }";
  return (await app.manager<{ syncRun: { status: string } }>(query, { id: correlationId })).syncRun.status;
}

async function call(sql: string, values: unknown[]): Promise<string> {
  const { rows } = await host.query<{ id: string }>(`select ${sql} as id`, values);
  return String(rows[0]?.id);
}

describe("a host application", () => {
  test("makes, changes and calls off an appointment in its own transactions, and the calendar follows", async () => {
    const account = "host@example.com";
    const connection = await app.connect(account);
    const { appointment_id: id, correlation_id: correlationId } = await made(connection);
    expect(await settled(correlationId)).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([`Visit ${visit.startsAt} confirmed`]);
    expect(await auditOf(app, correlationId)).toEqual(["appointment_created info"]);

    const changed = await call(
      "update_appointment_v1($1, title => 'Moved', starts_at => $2, ends_at => $3, is_tentative => true, actor_id => 'u7')",
      [id, at(2, 9), at(2, 10)],
    );
    expect(await settled(changed)).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([`Moved ${at(2, 9)} tentative`]);
    const event = "select actor_id, metadata from audit_event where correlation_id = $1";
    expect(await app.sql(event, [changed])).toEqual([
      {
        actor_id: "u7",
        metadata: {
          connection_id: connection,
          changed_fields: ["title", "status", "times"],
          reason: null,
          joined: false,
        },
      },
    ]);

    expect(await settled(await call("cancel_appointment_v1($1)", [id]))).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([]);
  });

  test("does it as the guide says", async () => {
    const connection = await app.connect("guide@example.com");
    const example = String(blocks[1]).replace("connection_id => 123", `connection_id => ${connection}`);
    await host.query(example);
    const [run] = await app.sql<{ id: string }>("select correlation_id as id from sync_run where connection_id = $1", [
      connection,
    ]);
    expect(await settled(String(run?.id))).toBe("SUCCEEDED");
    expect(
      await app.sql(
        "select title, time_zone, requested_by_id from appointment a join sync_run r on r.appointment_id = a.id where a.connection_id = $1",
        [connection],
      ),
    ).toEqual([{ title: "Consultation", time_zone: "Europe/Zurich", requested_by_id: "user-7" }]);
  });

  test("leaves nothing behind when it rolls back", async () => {
    const connection = await app.connect("rollback@example.com");
    await host.query("begin");
    const { correlation_id: correlationId, appointment_id: id } = await made(connection);
    await host.query("rollback");
    const left = `select (select count(*) from appointment where id = $1) + (select count(*) from sync_run where correlation_id = $2)
      + (select count(*) from audit_event where correlation_id = $2)
      + (select count(*) from pgboss.job where data ->> 'runId' not in (select id::text from sync_run)) as rows`;
    expect(await app.sql(left, [id, correlationId])).toEqual([{ rows: "0" }]);
  });

  test("sends the job that the server itself would send", async () => {
    const connection = await app.connect("jobs@example.com");
    const byServer = await changes.create(connection, { waitSeconds: 0 });
    const byHost = await made(connection);
    const job = `select to_jsonb(j) - '{id,data,start_after,created_on,keep_until,state,started_on,completed_on,heartbeat_on,output,retry_count}'::text[] as job,
        j.data - 'requestId' - 'runId' as data, j.data ? 'runId' as has_run, j.keep_until - j.start_after as kept, j.start_after <= now() as is_due
      from pgboss.job j join sync_run r on r.id::text = j.data ->> 'runId' where r.correlation_id = $1`;
    const [expected] = await app.sql(job, [byServer.result.correlationId]);
    expect(expected).toMatchObject({ data: { firmId: "1" }, has_run: true, is_due: true });
    expect(await app.sql(job, [byHost.correlation_id])).toEqual([expected]);
    await app.quiet(connection);
  });

  test("has its push held on a connection that is paused, one for all its changes", async () => {
    const account = "paused@example.com";
    const connection = await app.connect(account);
    await app.manager("mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }", { id: connection });
    const { appointment_id: id, correlation_id: first } = await made(connection);
    expect(await call("update_appointment_v1($1, title => 'Later')", [id])).toBe(first);
    expect(await app.sql("select status from sync_run where correlation_id = $1", [first])).toEqual([
      { status: "HELD" },
    ]);
    await app.manager("mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }", { id: connection });
    expect(await settled(first)).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([`Later ${visit.startsAt} confirmed`]);
  });

  test("that calls off what waits takes its place, without asking the provider", async () => {
    const account = "early@example.com";
    const connection = await app.connect(account);
    await app.manager("mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }", { id: connection });
    const { appointment_id: id, correlation_id: first } = await made(connection);
    const cancelled = await call("cancel_appointment_v1($1)", [id]);
    await app.manager("mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }", { id: connection });
    expect(await settled(cancelled)).toBe("SUCCEEDED");
    expect(await settled(first)).toBe("CANCELLED");
    expect(app.simulator.control.requests({ account })).toEqual([]);
  });

  test("changes what waits behind a running push, which is sent when that ends", async () => {
    const account = "running@example.com";
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "Other");
    const { appointment_id: id, correlation_id: first } = await made(connection);
    expect(await settled(first)).toBe("SUCCEEDED");
    app.simulator.control.addFault({ match: { account, method: "PATCH" }, then: { delayMs: 1000 } });
    const running = await call("update_appointment_v1($1, title => 'One')", [id]);
    const status = "select status from sync_run where correlation_id = $1";
    while ((await app.sql<{ status: string }>(status, [running]))[0]?.status !== "RUNNING")
      await new Promise((resolve) => setTimeout(resolve, 20));
    const behind = await call("update_appointment_v1($1, title => 'Two')", [id]);
    expect(await app.sql("select status, job_id from sync_run where correlation_id = $1", [behind])).toEqual([
      { status: "QUEUED", job_id: null },
    ]);
    expect(await settled(behind)).toBe("SUCCEEDED");
    expect(provided(app, account)).toContain(`Two ${visit.startsAt} confirmed`);
  });
});

describe("is refused:", () => {
  let connection: string;
  let appointment: string;

  beforeAll(async () => {
    connection = await app.connect("refused@example.com");
    appointment = (await made(connection)).appointment_id;
  });

  const times = "starts_at => '2027-03-01T09:00:00Z', ends_at => '2027-03-01T10:00:00Z'";
  test.each([
    ["a blank title", `create_appointment_v1($1, ' ', ${times})`],
    ["a title without end", `create_appointment_v1($1, repeat('x', 256), ${times})`],
    ["an end before the start", "create_appointment_v1($1, 'Visit', '2027-03-01T09:00Z', '2027-03-01T08:00Z')"],
    ["times without end", "create_appointment_v1($1, 'Visit', '2027-03-01T09:00Z', 'infinity')"],
    [
      "a day that begins at noon",
      "create_appointment_v1($1, 'Visit', '2027-03-01T12:00Z', '2027-03-02T12:00Z', is_all_day => true)",
    ],
    ["a zone that is none", `create_appointment_v1($1, 'Visit', ${times}, time_zone => 'Mars/Base')`],
    ["an endless reason", `create_appointment_v1($1, 'Visit', ${times}, reason => repeat('x', 501))`],
  ])("%s", async (_, sql) => {
    expect(await refusalOf(host, () => host.query(`select ${sql}`, [connection]))).toBe("22023");
  });

  test("nothing to change, and what is called off", async () => {
    expect(await refusalOf(host, () => host.query("select update_appointment_v1($1)", [appointment]))).toBe("22023");
    await host.query("select cancel_appointment_v1($1)", [appointment]);
    for (const sql of ["update_appointment_v1($1, title => 'Late')", "cancel_appointment_v1($1)"])
      expect(await refusalOf(host, () => host.query(`select ${sql}`, [appointment]))).toBe("55000");
  });

  test("another firm's connections and appointments, whatever the session sets", async () => {
    const foreign = await app.connect("foreign@example.com", "2");
    const { appointment: theirs } = await changes.create(foreign, { waitSeconds: 0 }, "2");
    await host.query("select set_config('app.firm_id', '2', false)");
    for (const [sql, id] of [
      [create, foreign],
      ["select update_appointment_v1($1, title => 'Mine')", theirs.id],
      ["select cancel_appointment_v1($1)", theirs.id],
      [create, "999999"],
    ] as const)
      expect(await refusalOf(host, () => host.query(sql, [id]))).toBe("P0002");
    const other = await loginOf("2");
    expect(await made(foreign, other)).toBeDefined();
    await app.quiet(foreign);
  });

  test("a role that is of no firm, and a function that is not for it", async () => {
    const stranger = await loginOf("none");
    expect(await refusalOf(stranger, () => stranger.query(create, [connection]))).toBe("42501");
    for (const sql of [
      "calling_firm()",
      "push_local_change(1, 1, 1, 'appointment_created', '{}', null, null)",
      "lock_appointment_for_change(2, 1)",
    ])
      expect(await refusalOf(host, () => host.query(`select ${sql}`))).toBe("42501");
  });

  test("no member of several firms' roles, who is of the one that it has set", async () => {
    const several = await loginOf("several");
    for (const firm of ["1", "2"]) await app.sql(`grant ${role(firm)} to ${role("several")} with inherit false`);
    expect(await refusalOf(several, () => several.query(create, [connection]))).toBe("42501");
    await several.query(`set role ${role("2")}`);
    expect(await refusalOf(several, () => several.query(create, [connection]))).toBe("P0002");
    await several.query(`set role ${role("1")}`);
    expect(await made(connection, several)).toBeDefined();
    await app.quiet(connection);
  });
});

test("every invariant holds afterwards", async () => {
  expect(await violations(app)).toEqual([]);
});
