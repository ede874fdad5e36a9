import pg from "pg";
import { firmPolicies } from "../../migrations/row-level-security.js";
import { partitionedTables } from "../../src/maintain/partitioned-tables.js";
import { insertHotRows } from "../database/hot-rows.js";
import { sentStatements, type SentStatement } from "../database/sent-statements.js";
import { startTestServer, type TestServer } from "../support/graphql-server.js";
import { startTestCluster } from "../support/test-cluster.js";
import { median, type Bench, type Measurement } from "./measurement.js";

/** The most that maintenance makes. */
const partitions = 13;
const mostTimes = 2;

const pages: Readonly<Record<string, string>> = {
  failedAttempts: "{ failedAttempts(first: 25) { nodes { id } } }",
  "failedAttempts of a connection": "{ failedAttempts(connectionId: 1, first: 25) { nodes { id } } }",
  syncAttempts: "{ syncAttempts(first: 25) { nodes { id } } }",
  "syncAttempts of a connection": "{ syncAttempts(connectionId: 1, first: 25) { nodes { id } } }",
  auditEvents: "{ auditEvents(first: 25) { nodes { id } } }",
};

/** The statement of a list's page, as the server sends it, on 13 partitions and on a copy of them that is one table; in turns. */
export const partitionsBench: Bench = async ({ isQuick, tell }) => {
  const stopCluster = await startTestCluster();
  const server = await startTestServer();
  const { database } = server;
  const clients = await Promise.all([database.ownerUrl, database.superuserUrl, database.appUrl].map(sessionAt));
  const [owner, superuser, app] = clients as [pg.Client, pg.Client, pg.Client];
  try {
    tell("200,000 attempts and as many audit events, in 13 partitions and in one table");
    await insertHotRows(owner, superuser, partitions);
    for (const table of partitionedTables) await copyWhole(owner, table);
    await app.query("select set_config('app.firm_id', '1', false)");
    const rounds = isQuick ? 100 : 1_000;
    const measurements: Measurement[] = [];
    for (const [name, question] of Object.entries(pages)) {
      measurements.push(...(await compare(app, name, await pageStatement(server, question), rounds)));
    }
    return measurements;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await server.stop();
    await stopCluster();
  }
};

async function sessionAt(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  return client;
}

/** The same rows, indexes and policies. */
async function copyWhole(owner: pg.Client, table: string): Promise<void> {
  const whole = wholeOf(table);
  await owner.query(`create table ${whole} (like ${table} including all)`);
  await owner.query(firmPolicies(whole));
  await owner.query(`grant select on ${whole} to public`);
  await owner.query(`insert into ${whole} select * from ${table}`);
  await owner.query(`vacuum analyze ${whole}`);
  await owner.query(`vacuum analyze ${table}`);
}

function wholeOf(table: string): string {
  return `${table}_in_one`;
}

async function pageStatement(server: TestServer, question: string): Promise<SentStatement> {
  const sent = await sentStatements(server.em, async () => {
    const { errors } = await server.ask(question);
    if (errors.length > 0) throw new Error(`${question}: ${JSON.stringify(errors)}`);
  });
  const page = sent.find(({ sql }) => /from (sync_attempt|audit_event)\b/.test(sql) && sql.includes("limit"));
  if (!page) throw new Error(`no page is read for ${question}`);
  return page;
}

async function compare(app: pg.Client, name: string, page: SentStatement, rounds: number): Promise<Measurement[]> {
  const inOne = { ...page, sql: page.sql.replaceAll(/\b(sync_attempt|audit_event)\b/g, wholeOf) };
  const times = { parted: [] as number[], one: [] as number[], keptParted: [] as number[], keptOne: [] as number[] };
  await app.query("set plan_cache_mode = force_generic_plan");
  for (let round = 0; round < rounds; round += 1) {
    times.parted.push(await timeOf(app, page));
    times.one.push(await timeOf(app, inOne));
    times.keptParted.push(await timeOf(app, page, `${name} parted`));
    times.keptOne.push(await timeOf(app, inOne, `${name} in one`));
  }
  const what = `a page of ${name} at ${partitions} partitions, beside one table`;
  return [
    measurementOf(what, median(times.parted), median(times.one)),
    measurementOf(`${what}, both with their plans kept`, median(times.keptParted), median(times.keptOne)),
  ];
}

function measurementOf(what: string, parted: number, one: number): Measurement {
  return {
    what,
    target: `≤ ${mostTimes}×`,
    measured: `${(parted / one).toFixed(2)}× (${parted.toFixed(2)} ms, ${one.toFixed(2)} ms)`,
    isMet: parted <= mostTimes * one,
    profile: "planning and opening each partition",
  };
}

/** With a name, PostgreSQL plans it once and keeps the plan. */
async function timeOf(app: pg.Client, { sql, parameters }: SentStatement, name?: string): Promise<number> {
  const begun = performance.now();
  await app.query({ text: sql, values: [...parameters], ...(name === undefined ? {} : { name }) });
  return performance.now() - begun;
}
