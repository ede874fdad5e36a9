import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { quickRetries, TestApp } from "./support/app.js";
import { addEvent, at } from "./support/calendar.js";
import { loggedLines } from "./support/logged-lines.js";

const account = "canary.person@example.test";
const { log, lines } = loggedLines();

let app: TestApp;
let connection: string;
let appointment: string;
const bearer: string[] = [];

beforeAll(async () => {
  app = await TestApp.start({ environment: quickRetries, log });
  connection = await app.connect(account);
  addEvent(app.simulator, account, "canary title");
  await app.pull(connection);
  const [row] = await app.sql<{ id: string }>("select id from appointment");
  appointment = String(row?.id);
  await makeBusy();
});
afterAll(() => app.stop());

/** Deeds, refusals, every kind of failure at the provider, and a fault of the database, each with something secret in it. */
async function makeBusy(): Promise<void> {
  const { control } = app.simulator;
  await ask(
    `mutation { resyncConnection(connectionId: "${connection}", reason: "canary reason") { result { status } } }`,
    "line-resync",
  );
  await ask(`mutation { resyncAppointment(appointmentId: "${appointment}") { result { status } } }`, "line-single");
  for (const status of [503, 429, 403, 400]) {
    const body = `canary answer about ${account}`;
    control.addFault({
      match: { method: "GET" },
      then: { status, body, ...(status === 429 ? { headers: { "retry-after": "1" } } : {}) },
    });
    await app.pull(connection);
  }
  control.addFault({ match: { pathRegex: "token" }, then: { status: 500, body: "canary token answer" } });
  await app.sql("update calendar_credential set access_token = null, access_token_expires_at = null");
  await app.pull(connection);
  await ask(
    `query canaryOperation { calendarConnections(search: "canary search") { nodes { accountEmail } } }`,
    "line-search",
  );
  await ask("{ canaryField }", "line-invalid");
  await failInDatabase();
}

/** Statements that PostgreSQL refuses, with parameters that name the person. */
async function failInDatabase(): Promise<void> {
  await app.sql("alter table audit_event rename to audit_event_away");
  await ask(
    `mutation { resyncConnection(connectionId: "${connection}", reason: "canary reason") { result { status } } }`,
    "line-fault",
  );
  await app.sql("alter table audit_event_away rename to audit_event");
  await app.sql("alter table calendar_connection rename column account_email to account_email_away");
  await ask(`{ calendarConnections(search: "canary search") { nodes { id } } }`, "line-read-fault");
  await app.sql("alter table calendar_connection rename column account_email_away to account_email");
}

async function ask(query: string, requestId: string): Promise<void> {
  const token = await app.token("manager");
  bearer.push(token);
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, "x-request-id": requestId };
  await (await fetch(`${app.url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) })).text();
}

function written(): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("no line holds a token, an address, a title, a reason, a provider's text or a statement's parameter", () => {
  const text = lines.join("").replaceAll('"operation":"canaryOperation"', "");
  expect(text).not.toMatch(/canary (title|reason|answer|token|search)|example\.test|canary\.person|canaryField/);
  const secrets = [...bearer, app.simulator.control.refreshTokenOf(account)];
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/Bearer |eyJ|refresh_token|postgres:\/\//);
});

test("the faults are logged all the same, with the request and the statement's error", () => {
  for (const [requestId, code] of [
    ["line-fault", "42P01"],
    ["line-read-fault", "42703"],
  ]) {
    const line = written().find((one) => one["requestId"] === requestId && one["level"] === 50);
    expect(line).toMatchObject({
      firmId: "1",
      msg: "operation failed",
      err: { code },
    });
  }
});

test("the lines of an attempt name firm, connection, run and attempt, and the request that asked for it", async () => {
  const [attempt] = await app.sql<{ id: string; correlation_id: string }>(
    "select id, correlation_id from sync_attempt where operation = 'RESYNC' order by id limit 1",
  );
  const ids = {
    requestId: "line-resync",
    firmId: "1",
    connectionId: connection,
    correlationId: attempt?.correlation_id,
    attemptId: attempt?.id,
  };
  const own = written().filter(({ attemptId }) => attemptId === attempt?.id);
  expect(own.length).toBeGreaterThan(1);
  for (const line of own) expect(line).toMatchObject(ids);
});

test("the lines of an attempt at one appointment name it", () => {
  const line = written().find(({ requestId, attemptId }) => requestId === "line-single" && attemptId !== undefined);
  expect(line).toMatchObject({ appointmentId: appointment, connectionId: connection });
});

test("an attempt that nobody asked for names no request", () => {
  const scheduled = written().filter(({ msg }) => /list_changes of connection \d+ started/.test(String(msg)));
  expect(scheduled.length).toBeGreaterThan(0);
  for (const line of scheduled) expect(line).not.toHaveProperty("requestId");
});

test("an attempt whose sweep was refused has failed", async () => {
  for (const { id } of app.simulator.control.occurrences(account, new Date(at(-1)), new Date(at(9)))) {
    app.simulator.control.deleteEvent(account, id);
  }
  await ask(`mutation { resyncConnection(connectionId: "${connection}") { result { status } } }`, "line-refused");
  const told = written().filter(({ requestId }) => requestId === "line-refused");
  expect(String(told.findLast(({ attemptId }) => attemptId !== undefined)?.["msg"])).toMatch(/failed: MASS_CANCEL$/);
});

test("of a value that PostgreSQL could not read, nothing is written", async () => {
  const fault: unknown = await app
    .sql("select $1::bigint", ["canary value\nof two lines"])
    .catch((error: unknown) => error);
  expect(String(fault)).toContain("canary value");
  log.error({ err: fault }, "a value that cannot be read");
  const line = written().find(({ msg }) => msg === "a value that cannot be read");
  expect(line).toMatchObject({ err: { code: "22P02", message: 'invalid input syntax for type bigint: "[redacted]"' } });
  expect(JSON.stringify(line)).not.toContain("canary");
});
