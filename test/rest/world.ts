import { signToken } from "../../src/access/token.js";
import { TestApp, until } from "../support/app.js";
import { addEvent, addEvents } from "../support/calendar.js";
import { Given } from "../support/given.js";

const correlationId = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** What the cases of cases.jsonl ask: a whole application with calendars to sync, and rows of every kind. */
export interface RestWorld {
  app: TestApp;
  given: Given;
  /** Ids that are not known before, by the names that cases give them. */
  names: ReadonlyMap<string, string>;
  tokens: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

export async function startRestWorld(): Promise<RestWorld> {
  // Far more deeds a minute than a person does; and what was rate limited is not retried before a case replays it.
  const environment = {
    RATE_LIMIT_PER_MINUTE: "100000",
    RATE_LIMITED_DELAY_SECONDS: "3600",
    MAX_DELAY_SECONDS: "3600",
  };
  const app = await TestApp.start({ environment });
  const given = new Given(app.installation.database.superuserUrl);
  await givenRows(given);
  const names = await givenCalendars(app);
  const stop = async () => {
    await given.close();
    await app.stop();
  };
  return { app, given, names, tokens: await tokensOf(app), stop };
}

/** Ids from 100 on are rows that no worker touches. */
async function givenRows(given: Given): Promise<void> {
  await givenSyncedConnection(given);
  await given.connection({ id: "124", created_at: "2025-12-01T00:00:00Z", updated_at: "2025-12-01T00:00:00.5Z" });
  await given.connection({ id: "125", status: "REVOKED", status_reason: "CREDENTIALS_REFUSED" });
  await given.connection({ id: "126", status: "PAUSED", status_reason: "MANAGER", provider: "MICROSOFT" });
  await givenActiveResync(given);
  await givenAppointments(given);
  await givenAttempts(given);
  await givenOtherFirms(given);
}

async function givenSyncedConnection(given: Given): Promise<void> {
  const window = { window_start: "2025-11-30T00:00:00Z", window_end: "2026-12-30T00:00:00Z" };
  await given.connection({
    id: "123",
    calendar_name: "Primary",
    cursor: "cursor_abc123",
    cursor_fingerprint: "x",
    ...window,
  });
  await given.counters("123", {
    successes: 145,
    transient_failures: 3,
    rate_limited_failures: 1,
    non_retryable_failures: 1,
    open_retryable: 2,
    open_exhausted: 1,
    last_sync_at: "2025-12-30T10:30:00Z",
    last_successful_sync_at: "2025-12-30T10:30:00.25Z",
  });
}

/** Its resync between two dates is held. */
async function givenActiveResync(given: Given): Promise<void> {
  await given.connection({ id: "127" });
  await given.run("127", {
    operation: "RESYNC",
    status: "HELD",
    correlation_id: correlationId(127),
    start_date: "2026-01-01T00:00:00Z",
    end_date: "2026-02-01T00:00:00Z",
  });
  await given.openFailure("127", { id: "809" });
}

async function givenAppointments(given: Given): Promise<void> {
  await given.appointment({ id: "456", connection_id: "123", external_event_id: "ext_12345" });
  await given.appointment({ id: "460" });
  await given.appointment({ id: "461", connection_id: "123" });
  await given.appointment({ id: "462", connection_id: "125", external_event_id: "ext_462" });
  await given.run("123", {
    appointment_id: "456",
    correlation_id: correlationId(456),
    created_count: 1,
    unchanged_count: 41,
    created_at: "2026-03-01T09:00:00Z",
  });
}

async function givenAttempts(given: Given): Promise<void> {
  const times = { started_at: "2025-12-30T10:30:00Z", finished_at: "2025-12-30T10:30:01.5Z" };
  await given.openFailure("123", {
    id: "789",
    appointment_id: "456",
    operation: "UPSERT",
    error_summary: "Retry 2: ConnectionError",
    retry_count: 2,
    next_retry_at: "2099-12-30T10:35:00Z",
    correlation_id: correlationId(789),
    ...times,
  });
  await given.openFailure("123", { id: "790", max_retries_reached: true, retry_count: 5, ...times });
  const done = await given.run("123", { correlation_id: correlationId(801) });
  await given.attempt({ id: done, connectionId: "123" }, { id: "801", correlation_id: correlationId(801), ...times });
  await given.openFailure("124", { id: "802", error_class: "NON_RETRYABLE", error_summary: "Not found" });
  const resolved = {
    status: "FAIL",
    state: "RESOLVED",
    error_class: "TRANSIENT",
    error_code: "LOST",
    error_summary: "Lost",
    resolved_by_id: "804",
  };
  await given.attempt({ id: done, connectionId: "123" }, { id: "804" });
  await given.attempt({ id: done, connectionId: "123" }, { id: "803", ...resolved });
  await givenReplayUnderWay(given);
  const inAnHour = new Date(Date.now() + 3_600_000);
  await given.openFailure("124", { id: "806", error_class: "RATE_LIMITED", provider_retry_at: inAnHour });
  await given.openFailure("125", { id: "807" });
  await given.openFailure("126", { id: "808" });
}

/** Attempt 805 has failed; 815 is the next one of its run. */
async function givenReplayUnderWay(given: Given): Promise<void> {
  const { runId } = await given.openFailure("124", { id: "805" }, { correlation_id: correlationId(805) });
  await given.attempt({ id: runId, connectionId: "124" }, { id: "815", status: "RUNNING" });
  await given.sql(
    "update sync_run set status = 'RUNNING', finished_at = null, last_attempt_id = 815, started_at = now(), job_id = gen_random_uuid() where id = $1",
    [runId],
  );
}

/** Firm 2 has what firm 1 must not see; firm 3 has small lists; firm 4 nothing. */
async function givenOtherFirms(given: Given): Promise<void> {
  await given.connection({ id: "200", firm_id: "2" });
  await given.openFailure("200", { id: "900", firm_id: "2" }, { firm_id: "2", correlation_id: correlationId(900) });
  await given.appointment({ id: "470", firm_id: "2", connection_id: "200", external_event_id: "ext_470" });
  const times = { created_at: "2025-12-01T00:00:00Z", updated_at: "2025-12-01T00:00:00Z" };
  for (const id of ["301", "302", "303"]) await given.connection({ id, firm_id: "3", ...times });
  for (const id of ["311", "312", "313"]) {
    await given.openFailure("301", { id, firm_id: "3" }, { firm_id: "3" });
  }
  await given.counters("301", { transient_failures: 3, open_retryable: 3 });
}

/** Calendars at the simulator: one that syncs, and some whose provider refuses. */
async function givenCalendars(app: TestApp): Promise<Map<string, string>> {
  const google = await app.connect("google@example.test");
  addEvents(app.simulator, "google@example.test", 3);
  const microsoft = await app.connect("microsoft@example.test", "1", "MICROSOFT");
  const limited = await app.connect("limited@example.test");
  addEvent(app.simulator, "limited@example.test", "Never read again");
  await app.pull(google);
  await app.pull(limited);
  const failing = await app.connect("failing@example.test");
  refuse(app, "failing@example.test", 1);
  await app.pull(failing);
  refuse(app, "limited@example.test", null);
  const names = new Map(Object.entries({ google, microsoft, limited, failing }));
  names.set("google appointment", await appointmentOf(app, google));
  names.set("limited appointment", await appointmentOf(app, limited));
  names.set("failed attempt", await failureOf(app, failing));
  names.set("limited attempt", await limitedFailure(app));
  return names;
}

/** Asked too often, without a word on how long to wait: the next retry comes after a minute. */
function refuse(app: TestApp, account: string, times: number | null): void {
  const body = { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } };
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, times, then: { status: 429, body } });
}

async function limitedFailure(app: TestApp): Promise<string> {
  const account = "always-limited@example.test";
  const connection = await app.connect(account);
  refuse(app, account, null);
  await app.pull(connection);
  return failureOf(app, connection);
}

async function appointmentOf(app: TestApp, connectionId: string): Promise<string> {
  const [row] = await app.sql<{ id: string }>("select min(id) as id from appointment where connection_id = $1", [
    connectionId,
  ]);
  return String(row?.id);
}

async function failureOf(app: TestApp, connectionId: string): Promise<string> {
  let id: string | undefined;
  await until(async () => {
    const failures = "select id from sync_attempt where connection_id = $1 and state = 'OPEN'";
    [id] = (await app.sql<{ id: string }>(failures, [connectionId])).map((row) => row.id);
    return id !== undefined;
  });
  return String(id);
}

async function tokensOf(app: TestApp): Promise<Map<string, string>> {
  const tokens = new Map<string, string>();
  for (const role of ["client", "staff", "manager", "partner", "firm_admin"] as const) {
    tokens.set(role, await app.token(role));
  }
  for (const firm of ["2", "3", "4"]) tokens.set(`manager of ${firm}`, await app.token("manager", firm));
  const manager = { userId: "1", firmId: "1", role: "manager", name: null } as const;
  tokens.set("expired", await signToken(app.config.jwt, { ...manager, hours: -1 }));
  const foreign = { ...app.config.jwt, secrets: ["a secret of another server, 32 bytes"] };
  tokens.set("foreign", await signToken(foreign, { ...manager, hours: 1 }));
  return tokens;
}
