import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { newInstallation, TestApp, until } from "../support/app.js";
import { CrashingPostgres } from "../support/crashing-postgres.js";
import { isLong } from "../support/long.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { violations } from "./lost-workers.js";
import { plantedFaults } from "./planted-faults.js";

jest.setTimeout(180_000);

const connections = 6;
const clients = 3;
const mutation = `mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { result { correlationId } } }`;

interface Answer {
  status: number;
  retryAfter: string | null;
  body: string;
}

const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Outage {
  app: TestApp;
  server: ServerProcess;
  answers: Answer[];
  /** Correlation ids of acknowledged requests that are not stored, or not audited. */
  lost: string[];
}

/** Managers ask without a pause, while PostgreSQL is stopped at once and comes back. */
async function outage(settings: Record<string, string> = {}, planted?: PlantedFault): Promise<Outage> {
  const postgres = await CrashingPostgres.start(settings);
  cleanUps.push(() => postgres.stop());
  const installation = await newInstallation(postgres.database);
  cleanUps.push(() => installation.simulator.close());
  const app = await TestApp.start({ installation, environment: { ROLES: "api" } });
  cleanUps.push(() => app.stop());
  const ids: string[] = [];
  for (let number = 1; number <= connections; number += 1) ids.push(await app.connect(`gone${number}@example.com`));
  const server = await ServerProcess.start(app, { roles: "api,worker", planted });
  cleanUps.push(() => (server.isRunning ? server.end() : Promise.resolve()));

  const answers: Answer[] = [];
  const over = new AbortController();
  const token = await app.token("manager");
  const asking = Array.from({ length: clients }, () =>
    keepAsking(`${String(server.url)}/graphql`, token, ids, answers, over.signal),
  );
  const has = (status: number, count: number) =>
    until(() => Promise.resolve(answers.filter((answer) => answer.status === status).length >= count));
  await has(200, 30);
  await postgres.crash();
  await has(503, 10);
  expect((await fetch(`${String(server.url)}/readyz`)).status).toBe(503);
  await postgres.startAgain();
  const successes = answers.filter(({ status }) => status === 200).length;
  await has(200, successes + 10);
  over.abort();
  await Promise.all(asking);
  return { app, server, answers, lost: await lostOf(app, answers) };
}

async function keepAsking(
  url: string,
  token: string,
  ids: string[],
  answers: Answer[],
  over: AbortSignal,
): Promise<void> {
  for (let asked = 0; !over.aborted; asked += 1) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: mutation, variables: { id: ids[asked % ids.length] } }),
    });
    answers.push({
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      body: await response.text(),
    });
    await delay(5);
  }
}

async function lostOf(app: TestApp, answers: readonly Answer[]): Promise<string[]> {
  const acknowledged = answers.flatMap(({ body }) => /"correlationId":"([^"]+)"/.exec(body)?.[1] ?? []);
  expect(acknowledged.length).toBeGreaterThan(20);
  const rows = await app.sql<{ id: string }>(
    `select id from unnest($1::uuid[]) as acknowledged (id) where not exists (
       select from sync_run r join audit_event e on e.firm_id = r.firm_id and e.correlation_id = r.correlation_id
       where r.correlation_id = acknowledged.id and e.event_type = 'calendar_connection_resync_requested')`,
    [[...new Set(acknowledged)]],
  );
  return rows.map(({ id }) => id);
}

const places = /127\.0\.0\.1|localhost|ECONN|postgres|:\d{4,5}\b/i;

describe("while PostgreSQL is gone", () => {
  test("what was acknowledged stays, every answer says to come back and nothing else, and the process lives on", async () => {
    const { app, server, answers, lost } = await outage();
    expect(lost).toEqual([]);
    expect([...new Set(answers.map(({ status }) => status))].sort()).toEqual([200, 503]);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.filter(({ retryAfter }) => !/^[1-9]\d*$/.test(String(retryAfter)))).toEqual([]);
    expect(answers.filter(({ body }) => places.test(body))).toEqual([]);
    expect(server.isRunning).toBe(true);
    await until(async () => {
      const busy = "select from sync_run where status in ('QUEUED', 'RUNNING', 'RETRYING')";
      return (await app.sql(busy)).length === 0;
    });
    expect(await violations(app)).toEqual([]);
    expect(await server.stop()).toBe(0);
  });

  if (isLong)
    test("what was acknowledged before it was durable is missed", async () => {
      const { lost } = await outage({ synchronous_commit: "off", wal_writer_delay: "10s" });
      expect(lost).not.toEqual([]);
    });

  if (isLong)
    test("an answer that says where the database is is noticed", async () => {
      const { answers } = await outage({}, plantedFaults.errorsAreTold);
      expect(answers.filter(({ body }) => places.test(body))).not.toEqual([]);
    });
});
