import type { Given } from "../support/given.js";
import type { FirmModel } from "./firm-model.js";

/** Everything of a new firm has ids of its own, above all that the server itself hands out. */
function idIn(firmId: string, place: number): string {
  return String(Number(firmId) * 100 + place);
}

function correlationIn(firmId: string, place: number): string {
  return `00000000-0000-4000-8000-${idIn(firmId, place).padStart(12, "0")}`;
}

/** Firms that are alike but for their ids, in one statement. Each has something in every state that needs no worker. */
export async function givenLikeFirms(given: Given, firmIds: readonly string[]): Promise<FirmModel[]> {
  await given.sql(firmIds.map(rowsOf).join(""));
  return firmIds.map(modelOf);
}

function rowsOf(firmId: string): string {
  const id = (place: number): string => idIn(firmId, place);
  const own = (place: number): string => `${firmId}, ${id(place)}`;
  const run = (place: number): string => `${own(place)}, '${correlationIn(firmId, place)}'`;
  const failed = "'FAIL', 'OPEN'";
  const times = "'2026-03-01T09:00:00Z', '2026-03-01T10:00:00Z'";
  return `
    insert into firm (id, name) values (${firmId}, 'Firm');
    insert into calendar_connection (firm_id, id, provider, owner_id, account_email, calendar_id, status, status_reason) values
      (${own(1)}, 'GOOGLE', '7', 'ada@example.test', 'one', 'ACTIVE', null),
      (${own(2)}, 'GOOGLE', '7', 'ada@example.test', 'two', 'PAUSED', 'MANAGER'),
      (${own(3)}, 'MICROSOFT', '7', 'ada@example.test', 'three', 'REVOKED', 'CREDENTIALS_REFUSED');
    insert into appointment (firm_id, id, connection_id, external_event_id, title, starts_at, ends_at) values
      (${own(11)}, ${id(1)}, 'event', 'Visit', ${times}), (${own(12)}, ${id(1)}, null, 'Visit', ${times}),
      (${own(13)}, null, null, 'Visit', ${times}), (${own(14)}, ${id(2)}, 'event', 'Visit', ${times});
    insert into sync_run
      (firm_id, id, correlation_id, connection_id, appointment_id, operation, status, open_failure_id, last_attempt_id, direction, trigger, finished_at) values
      (${run(21)}, ${id(1)}, null, 'LIST_CHANGES', 'FAILED', ${id(31)}, ${id(31)}, 'PULL', 'SCHEDULE', now()),
      (${run(22)}, ${id(1)}, null, 'LIST_CHANGES', 'SUCCEEDED', null, ${id(32)}, 'PULL', 'SCHEDULE', now()),
      (${run(23)}, ${id(1)}, ${id(11)}, 'UPSERT', 'FAILED', ${id(33)}, ${id(33)}, 'PULL', 'SCHEDULE', now()),
      (${run(24)}, ${id(2)}, null, 'LIST_CHANGES', 'HELD', ${id(34)}, ${id(34)}, 'PULL', 'SCHEDULE', null);
    insert into sync_attempt
      (firm_id, id, correlation_id, run_id, connection_id, appointment_id, operation, status, state, error_class, error_code, error_summary,
       direction, provider, started_at, finished_at) values
      (${own(31)}, '${correlationIn(firmId, 21)}', ${id(21)}, ${id(1)}, null, 'LIST_CHANGES', ${failed}, 'TRANSIENT', 'LOST', 'Lost',
        'PULL', 'GOOGLE', ${times}),
      (${own(32)}, '${correlationIn(firmId, 22)}', ${id(22)}, ${id(1)}, null, 'LIST_CHANGES', 'SUCCESS', 'SUCCEEDED', null, null, null,
        'PULL', 'GOOGLE', ${times}),
      (${own(33)}, '${correlationIn(firmId, 23)}', ${id(23)}, ${id(1)}, ${id(11)}, 'UPSERT', ${failed}, 'NON_RETRYABLE', 'GONE', 'Gone',
        'PULL', 'GOOGLE', ${times}),
      (${own(34)}, '${correlationIn(firmId, 24)}', ${id(24)}, ${id(2)}, null, 'LIST_CHANGES', ${failed}, 'TRANSIENT', 'LOST', 'Lost',
        'PULL', 'GOOGLE', ${times});
    update connection_statistics set transient_failures = 1, non_retryable_failures = 1, successes = 1, open_retryable = 1,
      open_non_retryable = 1 where firm_id = ${firmId} and connection_id = ${id(1)};
    update connection_statistics set transient_failures = 1, open_retryable = 1 where firm_id = ${firmId} and connection_id = ${id(2)};`;
}

function modelOf(firmId: string): FirmModel {
  const id = (place: number): string => idIn(firmId, place);
  const run = (place: number) => ({ correlationId: correlationIn(firmId, place), appointmentId: null });
  const visit = { title: "Visit", status: "CONFIRMED" };
  return {
    connections: new Map([
      [id(1), { status: "ACTIVE" }],
      [id(2), { status: "PAUSED" }],
      [id(3), { status: "REVOKED" }],
    ]),
    appointments: new Map([
      [id(11), { ...visit, connectionId: id(1), hasEvent: true }],
      [id(12), { ...visit, connectionId: id(1), hasEvent: false }],
      [id(13), { ...visit, connectionId: null, hasEvent: false }],
      [id(14), { ...visit, connectionId: id(2), hasEvent: true }],
    ]),
    runs: new Map([
      [id(21), { ...run(21), connectionId: id(1), kind: "LIST_CHANGES", status: "FAILED" }],
      [id(22), { ...run(22), connectionId: id(1), kind: "LIST_CHANGES", status: "SUCCEEDED" }],
      [id(23), { ...run(23), connectionId: id(1), appointmentId: id(11), kind: "SINGLE", status: "FAILED" }],
      [id(24), { ...run(24), connectionId: id(2), kind: "LIST_CHANGES", status: "HELD" }],
    ]),
    attempts: new Map([
      [id(31), { runId: id(21), result: "TRANSIENT", state: "OPEN" }],
      [id(32), { runId: id(22), result: "SUCCESS", state: "SUCCEEDED" }],
      [id(33), { runId: id(23), result: "NON_RETRYABLE", state: "OPEN" }],
      [id(34), { runId: id(24), result: "TRANSIENT", state: "OPEN" }],
    ]),
    audit: [],
  };
}

/** What the database holds of firms, in the model's words: a line a row, sorted. */
export async function rowsOfFirms(given: Given, firmIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await given.sql<{ firm_id: string; line: string }>(
    `select firm_id, 'connection ' || id || ' ' || status as line from calendar_connection where firm_id = any($1)
     union all select firm_id, 'appointment ' || id || ' ' || title || ' ' || status from appointment where firm_id = any($1)
     union all select firm_id, 'run ' || id || ' ' || correlation_id || ' ' || status from sync_run where firm_id = any($1)
     union all select firm_id, 'attempt ' || id || ' ' || state from sync_attempt where firm_id = any($1)
     union all select firm_id, 'audit ' || event_type || ' ' || resource_id from audit_event where firm_id = any($1)`,
    [firmIds],
  );
  return new Map(
    firmIds.map((id) => [id, sorted(rows.filter(({ firm_id: firmId }) => firmId === id).map(({ line }) => line))]),
  );
}

/** The same of a model. */
export function linesOf({ connections, appointments, runs, attempts, audit }: FirmModel): string {
  return sorted([
    ...[...connections].map(([id, { status }]) => `connection ${id} ${status}`),
    ...[...appointments].map(([id, { title, status }]) => `appointment ${id} ${title} ${status}`),
    ...[...runs].map(([id, { correlationId, status }]) => `run ${id} ${correlationId} ${status}`),
    ...[...attempts].map(([id, { state }]) => `attempt ${id} ${state}`),
    ...audit.map((event) => `audit ${event}`),
  ]);
}

function sorted(lines: string[]): string {
  return lines.sort().join("\n");
}
