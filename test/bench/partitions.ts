import { CompiledQuery } from "kysely";
import pg from "pg";
import { firmPolicies } from "../../migrations/row-level-security.js";
import { inFirm } from "../../src/database/firm-scope.js";
import { openDatabase, type EntityManager } from "../../src/database/orm.js";
import { isPrepared, prepareFromNowOn } from "../../src/database/prepared-statements.js";
import { byId, encodeCursor } from "../../src/graphql/cursor.js";
import { partitionedTables } from "../../src/maintain/partitioned-tables.js";
import { insertHotRows } from "../database/hot-rows.js";
import { sentStatements, type SentStatement } from "../database/sent-statements.js";
import { startTestServer, type TestServer } from "../support/graphql-server.js";
import { startTestCluster } from "../support/test-cluster.js";
import type { Bench, Measurement } from "./measurement.js";

/** The most that maintenance makes. */
const partitions = 13;
const mostTimes = 2;

/** The cursor of a page in the middle. */
function inTheMiddle(question: string): string {
  const list = question.slice(0, question.indexOf("("));
  return question.replace("AFTER", encodeCursor("100000", byId(list)));
}

/** The lists that are partitioned: their first pages, later ones, and those of a connection with few rows in each partition. */
const pages: Readonly<Record<string, string>> = {
  failedAttempts: "failedAttempts(first: 25)",
  "failedAttempts of a connection": "failedAttempts(connectionId: 1, first: 25)",
  "failedAttempts of a connection with few": "failedAttempts(connectionId: 7, first: 25)",
  "failedAttempts, later": `failedAttempts(first: 25, after: "AFTER")`,
  syncAttempts: "syncAttempts(first: 25)",
  "syncAttempts of a connection": "syncAttempts(connectionId: 1, first: 25)",
  "syncAttempts of a connection with few": "syncAttempts(connectionId: 7, first: 25)",
  "syncAttempts, later": `syncAttempts(first: 25, after: "AFTER")`,
  auditEvents: "auditEvents(first: 25)",
  "auditEvents, later": `auditEvents(first: 25, after: "AFTER")`,
};

/**
 * The statement of a list's page on 13 partitions, beside the one that is sent where there are none, on a copy of the rows in one table. In turns,
 * in one session of the server's kind.
 */
export const partitionsBench: Bench = async ({ isQuick, tell }) => {
  const stopCluster = await startTestCluster();
  const [server, unpartitioned] = await Promise.all([startTestServer(), startTestServer()]);
  const { database } = server;
  const clients = await Promise.all([database.ownerUrl, database.superuserUrl].map(sessionAt));
  const [owner, superuser] = clients as [pg.Client, pg.Client];
  const session = await openDatabase(database.appUrl, 1);
  try {
    tell("200,000 attempts and as many audit events, in 13 partitions and in one table");
    await insertHotRows(owner, superuser, partitions);
    for (const table of partitionedTables) await copyWhole(owner, table);
    const measurements: Measurement[] = [];
    for (const [name, question] of Object.entries(pages)) {
      const [parted, one] = [await pageStatement(server, question), await pageStatement(unpartitioned, question)];
      measurements.push(await compare(session.em, name, { parted, one: onWhole(parted, one) }, isQuick ? 100 : 1_000));
    }
    return measurements;
  } finally {
    await session.close();
    await Promise.all(clients.map((client) => client.end()));
    await Promise.all([server.stop(), unpartitioned.stop()]);
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
    const { errors } = await server.ask(`{ ${inTheMiddle(question)} { nodes { id } } }`);
    if (errors.length > 0) throw new Error(`${question}: ${JSON.stringify(errors)}`);
  });
  const page = sent.find(({ sql }) => /from (sync_attempt|audit_event)\b/.test(sql) && sql.includes("limit"));
  if (!page) throw new Error(`no page is read for ${question}`);
  return page;
}

/** The statement of one table on the copy; prepared if the other one is. */
function onWhole(parted: SentStatement, one: SentStatement): SentStatement {
  const sql = one.sql.replaceAll(/\b(sync_attempt|audit_event)\b/g, wholeOf);
  if (isPrepared(parted.sql)) prepareFromNowOn(sql);
  return { ...one, sql };
}

async function compare(
  em: EntityManager,
  name: string,
  { parted, one }: Record<"parted" | "one", SentStatement>,
  rounds: number,
): Promise<Measurement> {
  const times = { parted: [] as number[], one: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.parted.push(await timeOf(em, parted));
    times.one.push(await timeOf(em, one));
  }
  const [inParts, inOne] = [undisturbed(times.parted), undisturbed(times.one)];
  return {
    what: `a page of ${name} at ${partitions} partitions, beside one table`,
    target: `≤ ${mostTimes}×`,
    measured: `${(inParts / inOne).toFixed(2)}× (${inParts.toFixed(2)} ms, ${inOne.toFixed(2)} ms)`,
    isMet: inParts <= mostTimes * inOne,
    profile: "planning and opening each partition",
  };
}

/** The time that one in ten took at most: what else the machine does makes the others longer. */
function undisturbed(times: readonly number[]): number {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 10)] ?? NaN;
}

async function timeOf(em: EntityManager, { sql, parameters }: SentStatement): Promise<number> {
  const begun = performance.now();
  await inFirm("1", () => em.getKysely().executeQuery(CompiledQuery.raw(sql, [...parameters])));
  return performance.now() - begun;
}
