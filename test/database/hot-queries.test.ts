import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { prefix } from "../../src/rest/routes.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { bindSession } from "../support/sessions.js";
import { countedRows, fewRows, hotQuestions, pagedLists, type HotQuestion } from "./hot-questions.js";
import { insertHotRows } from "./hot-rows.js";
import { explain, type PlanMode } from "./plans.js";
import { sentStatements, type SentStatement } from "./sent-statements.js";

/** The rows take a while on a busy machine. */
jest.setTimeout(240_000);

let server: TestServer;
let superuser: pg.Client;
let app: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
  const { superuserUrl, appUrl, ownerUrl } = server.database;
  superuser = await sessionAt(superuserUrl);
  app = await sessionAt(appUrl);
  await bindSession(app, "1");
  const owner = await sessionAt(ownerUrl);
  await insertHotRows(owner, superuser);
  await owner.end();
});

afterAll(async () => {
  await Promise.all([superuser.end(), app.end()]);
  await server.stop();
});

async function sessionAt(url: string): Promise<pg.Client> {
  const session = new pg.Client(url);
  await session.connect();
  return session;
}

/** What is read of our tables while a question is answered. */
async function statementsOf(question: string): Promise<SentStatement[]> {
  const sent = await sentStatements(server.em, () => ask(question));
  const ours = /\b(sync_|appointment |audit_event|calendar_|connection_)/;
  return sent.filter(({ sql }) => /^\s*select/i.test(sql) && ours.test(sql));
}

async function ask(question: string): Promise<void> {
  if (question.startsWith("/")) {
    const headers = { authorization: `Bearer ${await tokenOf()}` };
    const answer = await fetch(`${server.url}${prefix}${question.slice(1)}`, { headers });
    expect(answer.status).toBe(200);
    return;
  }
  const { errors } = await server.ask(question);
  expect(errors).toEqual([]);
}

async function pageOf(question: string): Promise<SentStatement> {
  const page = (await statementsOf(question)).find(({ sql }) => sql.includes("limit"));
  if (!page) throw new Error(`no page is read for ${question}`);
  return page;
}

const modes: readonly PlanMode[] = ["force_custom_plan", "force_generic_plan"];

/** What is wrong with how PostgreSQL reads for a question, in words. */
async function faultsOf(
  session: pg.Client,
  { mostRows = fewRows, unbounded }: Omit<HotQuestion, "ask">,
  statements: readonly SentStatement[],
) {
  const faults: string[] = [];
  for (const statement of statements) {
    for (const mode of modes) {
      const { rowsRead, rowsSorted, readWhole, hasBitmapAnd } = await explain(session, statement, mode);
      const isCount = statement.sql.includes("count(*)");
      const most = isCount ? Math.max(countedRows, mostRows) : mostRows;
      const isBounded =
        unbounded === undefined || (unbounded.when === "force_generic_plan" && mode === "force_custom_plan");
      const found = [
        ...(isBounded && rowsRead > most ? [`reads ${rowsRead} rows`] : []),
        ...(isBounded && rowsSorted > most ? [`sorts ${rowsSorted} rows`] : []),
        ...(isBounded
          ? readWhole.filter((table) => !table.endsWith("_default")).map((table) => `reads all of ${table}`)
          : []),
        ...(hasBitmapAnd ? ["combines indexes"] : []),
      ];
      faults.push(...found.map((fault) => `${mode}: ${fault}: ${statement.sql.replaceAll(/\s+/g, " ")}`));
    }
  }
  return faults;
}

describe("with 200,000 rows in each large table", () => {
  test.each(hotQuestions.map((question) => [question.ask, question] as const))(
    "few rows are read for %s",
    async (asked, question) => {
      const statements = await statementsOf(asked);
      expect(statements).not.toEqual([]);
      expect(await faultsOf(app, question, statements)).toEqual([]);
    },
  );

  test.each(pagedLists)("few rows are read for a later page of %s", async (list) => {
    const { data } = await server.ask<Record<string, { pageInfo: { endCursor: string } }>>(
      `{ ${list}(first: 200) { pageInfo { endCursor } } }`,
    );
    const { endCursor } = data?.[list]?.pageInfo ?? {};
    const statements = await statementsOf(`{ ${list}(first: 25, after: "${String(endCursor)}") { nodes { id } } }`);
    expect(await faultsOf(app, {}, statements)).toEqual([]);
  });

  describe.each(modes)("with %s", (mode) => {
    test.each(["failedAttempts", "syncAttempts", "auditEvents"])(
      "a page of %s searches the newest partition and DEFAULT, no other",
      async (list) => {
        const page = await pageOf(`{ ${list}(first: 25) { nodes { id } } }`);
        expect((await explain(app, page, mode)).searches).toBeLessThanOrEqual(2);
        const ofAllAtOnce = {
          ...page,
          sql: page.sql.replaceAll(/and \(?[ae]\.id (>=|<) '\d+' (and|or) [ae]\.id (>=|<) '\d+'\)?/g, ""),
        };
        expect((await explain(app, ofAllAtOnce, mode)).searches).toBeGreaterThan(4); // so it would be noticed
      },
    );

    test("attempts are looked for by their ids in the partition of each, no other", async () => {
      const sent = await statementsOf("{ syncRuns(first: 50) { nodes { lastAttempt { id } } } }");
      const byId = sent.find(({ sql }) => sql.includes('from "sync_attempt" t'));
      if (!byId) throw new Error("no attempt is read");
      expect((await explain(app, byId, mode)).searches).toBe(50);
    });
  });

  test.each([
    ["sync_attempt_open", "{ failedAttempts { nodes { id } } }"],
    ["sync_run_open", "{ syncStatus(connectionId: 1) { health } }"],
    ["appointment_by_update", '{ appointments(updatedAfter: "2026-10-01T00:00:00Z") { nodes { id } } }'],
  ])("it would be noticed if the index %s were missing", async (index, question) => {
    const statements = await statementsOf(question);
    await superuser.query("begin");
    await superuser.query(`drop index ${index}`);
    await superuser.query(
      `set local role ${pg.escapeIdentifier(decodeURIComponent(new URL(server.database.appUrl).username))}`,
    );
    await superuser.query("select set_config('app.firm_id', '1', true)");
    const faults = await faultsOf(superuser, {}, statements);
    await superuser.query("rollback");
    expect(faults).not.toEqual([]);
  });
});
