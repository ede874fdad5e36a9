import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { signToken } from "../../src/access/token.js";
import { eventCategories } from "../../src/audit/record.js";
import { startWatchingApp } from "../notifications/watching.js";
import type { TestApp } from "../support/app.js";
import { loggedLines } from "../support/logged-lines.js";
import { OtlpReceiver } from "../tracing/otlp-receiver.js";
import { canary, circuitFailedRuns, doEverything, reason } from "./canary-deeds.js";

jest.setTimeout(120_000);

const { log, lines } = loggedLines();

let receiver: OtlpReceiver;
let app: TestApp;
let metrics: string;

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  const environment = { MAX_DELAY_SECONDS: "0.05", OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  const limits = { circuitFailedRuns, retryBurst: 1_000_000, breakerConnections: 1_000_000 };
  app = await startWatchingApp({ environment, limits, log });
  jest.spyOn(app, "token").mockImplementation((role, firmId = "1") => {
    const actor = { userId: `${role}-${firmId}`, firmId, role, name: `${canary} manager`, hours: 1 };
    return signToken(app.config.jwt, actor);
  });
  await doEverything(app);
  metrics = await (await fetch(`${app.url}/metrics`)).text();
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.stop();
  await receiver.stop();
});

/** Rows of a table as text, each but for a reason that somebody typed. */
async function rowsOf(table: string): Promise<string[]> {
  const rows = await app.sql<{ row: string }>(
    `select (to_jsonb(t) #- '{metadata,reason}')::text as row from ${table} t`,
  );
  return rows.map(({ row }) => row);
}

const telling = (texts: readonly string[]) =>
  texts.filter((text) => new RegExp(`${canary}|example\\.test`, "i").test(text));

describe("of everything that is audited, where every name, address, title, place and text is a canary,", () => {
  test("all was done but what follows on three workers' deaths", async () => {
    const rows = await app.sql<{ event_type: string }>("select distinct event_type from audit_event");
    const done = new Set(rows.map(({ event_type: type }) => type));
    expect(Object.keys(eventCategories).filter((type) => !done.has(type))).toEqual(["calendar_sync_run_abandoned"]);
  });

  test("no audit event holds one in any column", async () => {
    expect(telling(await rowsOf("audit_event"))).toEqual([]);
  });

  test("the reason that a manager typed is kept, by the audit and by nothing that is logged", async () => {
    const reasons = await app.sql("select from audit_event where metadata ->> 'reason' = $1", [reason]);
    expect(reasons.length).toBeGreaterThan(5);
    expect(lines.filter((line) => line.includes(reason))).toEqual([]);
  });

  test("no job of the queue holds one", async () => {
    const jobs = await rowsOf("pgboss.job");
    expect(jobs.length).toBeGreaterThan(5);
    expect(telling(jobs)).toEqual([]);
  });

  test("no line of the log holds one but as the operation's name that a client gave", () => {
    expect(lines.length).toBeGreaterThan(50);
    expect(telling(lines.map((line) => line.replaceAll(`"operation":"${canary}Operation"`, "")))).toEqual([]);
  });

  test("no metric and no span holds one", () => {
    expect(metrics).toContain("calendar_sync_");
    expect(telling(metrics.split("\n"))).toEqual([]);
    expect(receiver.spans.length).toBeGreaterThan(20);
    expect(telling([receiver.text])).toEqual([]);
  });

  test("and one that is written beside them is noticed", async () => {
    await app.sql(
      `insert into audit_event (firm_id, event_type, event_category, severity, resource_type, resource_id, metadata)
       values (1, 'appointment_updated', 'appointment', 'info', 'appointment', 1, '{"title": "Canary title"}')`,
    );
    expect(telling(await rowsOf("audit_event"))).toHaveLength(1);
  });
});
