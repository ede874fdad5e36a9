import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { TestApp } from "../support/app.js";
import { post, type GraphqlAnswer } from "../support/graphql-server.js";

// Nobody works on the runs, so that each stays as it was asked for.
let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
});
afterAll(() => app.stop());

const mutation = `mutation ($id: ID!, $wait: Int, $reason: String, $mass: Boolean! = false) {
  resyncConnection(connectionId: $id, waitSeconds: $wait, reason: $reason, allowMassCancel: $mass) {
    message connectionId provider
    result { status correlationId syncedCount errorClass errorCode errorSummary nextRetryAt }
    run { correlationId operation direction trigger status requestedById reason attempts { id } connection { id activeRun { id } } }
  }
}`;

interface Resynced {
  resyncConnection: { result: { correlationId: string } };
}

async function resync(variables: object, firmId = "1"): Promise<GraphqlAnswer<Resynced>> {
  return post(app.url, { query: mutation, variables: { wait: 0, ...variables } }, await app.token("manager", firmId));
}

describe("a manager who asks for a resync", () => {
  test("is told at once what was begun, and the audit who asked", async () => {
    const id = await app.connect("begun@example.test");
    const { data, errors } = await resync({ id, reason: "looks odd" });
    expect(errors).toEqual([]);
    const correlationId = data?.resyncConnection.result.correlationId;
    expect(data?.resyncConnection).toMatchObject({
      message: "Resync initiated successfully",
      connectionId: id,
      provider: "GOOGLE",
      result: {
        status: "RUNNING",
        syncedCount: null,
        errorClass: null,
        errorCode: null,
        errorSummary: null,
        nextRetryAt: null,
      },
      run: {
        correlationId,
        operation: "RESYNC",
        direction: "PULL",
        trigger: "MANUAL",
        status: "QUEUED",
        requestedById: "manager-1",
        reason: "looks odd",
      },
    });
    const events = await app.sql("select event_type, actor_id from audit_event where correlation_id = $1", [
      correlationId,
    ]);
    expect(events).toEqual([{ event_type: "calendar_connection_resync_requested", actor_id: "manager-1" }]);
  });

  test("joins the resync that is active already", async () => {
    const id = await app.connect("joined@example.test");
    const correlationIds = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      const { data } = await resync({ id });
      correlationIds.add(data?.resyncConnection.result.correlationId);
    }
    expect(correlationIds.size).toBe(1);
    expect(correlationIds).not.toContain(undefined);
  });

  test("of another firm's connection gets byte for byte the answer for a missing one", async () => {
    const id = await app.connect("theirs@example.test", "2");
    const theirs = await resync({ id });
    expect(theirs.errors).toMatchObject([{ message: "Not found.", extensions: { code: "NOT_FOUND" } }]);
    for (const missing of ["999999", "0", "-1", "abc", "9223372036854775808"])
      expect((await resync({ id: missing })).text).toBe(theirs.text);
    expect(await app.sql("select from sync_run where firm_id = 2")).toEqual([]);
  });

  test.each([
    ["REVOKED", "CREDENTIALS_REFUSED", "CONNECTION_REVOKED"],
    ["PAUSED", "MANAGER", "CONNECTION_PAUSED"],
  ])("of a %s connection is told so", async (status, statusReason, reason) => {
    const id = await app.connect(`${status}@example.test`);
    await app.sql("update calendar_connection set status = $2, status_reason = $3 where id = $1", [
      id,
      status,
      statusReason,
    ]);
    const { errors } = await resync({ id });
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", reason } }]);
  });

  test.each([
    [{ wait: 26 }, "waitSeconds"],
    [{ wait: -1 }, "waitSeconds"],
    [{ reason: "x".repeat(501) }, "reason"],
    [{ reason: "a\0b" }, "reason"],
    [{ id: { a: 1 } }, "connectionId"],
    [{ mass: null }, "allowMassCancel"],
  ])("with %j is refused, naming %s", async (variables, argument) => {
    const { errors } = await resync({ id: "1", ...variables });
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", argument } }]);
  });
});
