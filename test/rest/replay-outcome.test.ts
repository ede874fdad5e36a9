import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { prefix } from "../../src/rest/routes.js";
import { TestApp } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import { fetchAsDescribed } from "./openapi-answers.js";

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

const account = "ada@example.test";

/** Asked too often, once or for good: the next retry comes after a minute. */
function refuse(times: number | null): void {
  const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times, then: { status: 429, body } });
}

async function openFailure(connectionId: string): Promise<{ id: string; correlationId: string }> {
  const [failure] = await app.sql<{ id: string; correlationId: string }>(
    `select id, correlation_id as "correlationId" from sync_attempt where connection_id = $1 and state = 'OPEN'`,
    [connectionId],
  );
  if (!failure) throw new Error("nothing has failed");
  return failure;
}

async function replay(attemptId: string): Promise<{ status: number; body: unknown }> {
  const authorization = `Bearer ${await app.token("manager")}`;
  const url = `${app.url}${prefix}sync-attempts/${attemptId}/replay/`;
  const response = await fetchAsDescribed(url, { method: "POST", headers: { authorization } });
  return { status: response.status, body: await response.json() };
}

/** Event type, severity and the attempt that it is about, in order. */
async function auditOf(correlationId: string): Promise<string[]> {
  const events = await app.sql<{ line: string }>(
    `select concat_ws(' ', event_type, severity, metadata ->> 'result', metadata ->> 'error_class') as line
     from audit_event where correlation_id = $1 order by id`,
    [correlationId],
  );
  return events.map(({ line }) => line);
}

describe("a replay", () => {
  test("that fails at the provider is a 424, and its failure is audited with the attempt", async () => {
    const connection = await app.connect(account);
    addEvent(app.simulator, account, "Consultation");
    refuse(2);
    await app.pull(connection);
    const { id, correlationId } = await openFailure(connection);

    expect(await replay(id)).toMatchObject({
      status: 424,
      body: {
        message: "Replay failed",
        attempt_id: Number(id),
        result: { status: "fail", error_class: "rate_limited" },
      },
    });
    expect(await auditOf(correlationId)).toEqual([
      "calendar_sync_manual_replay_requested info RATE_LIMITED",
      "calendar_sync_manual_replay_failed warning fail RATE_LIMITED",
    ]);

    const again = await openFailure(connection);
    expect(await replay(again.id)).toMatchObject({ status: 200, body: { result: { correlation_id: correlationId } } });
    expect((await auditOf(correlationId)).slice(2)).toEqual([
      "calendar_sync_manual_replay_requested info RATE_LIMITED",
      "calendar_sync_manual_replay_success info success",
    ]);
  });
});
