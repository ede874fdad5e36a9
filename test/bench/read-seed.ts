import type pg from "pg";

/** How much there is to read. */
export interface ReadSize {
  firms: number;
  connections: number;
  attempts: number;
  appointments: number;
}

/** Connections of firm 1 that are read by number, each as many attempts and open failures as said; the others share the rest. */
export const readConnections = {
  small: { id: 1, attempts: 500, open: 20 },
  large: { id: 201, attempts: 500_000, open: 20 },
  largeWithManyOpen: { id: 401, attempts: 500_000, open: 1_000 },
} as const;

const batch = 100_000;

/** Fills an empty, migrated database as a superuser, by statements that make many rows each. */
export async function seedReads(client: pg.Client, size: ReadSize, tell: (line: string) => void): Promise<void> {
  tell(`making ${size.firms} firms, ${size.connections} connections`);
  await client.query("set synchronous_commit = off");
  await client.query("insert into firm (id, name) select n, 'Firm ' || n from generate_series(1, $1::int) n", [
    size.firms,
  ]);
  await client.query(connections, [size.firms, size.connections]);
  await inBatches(client, { what: "appointments", rows: size.appointments, tell }, appointments, [size.connections]);
  await seedAttempts(client, size, tell);
  tell("counting and analysing");
  await client.query(counters);
  for (const table of ["sync_run", "sync_attempt", "appointment", "calendar_connection"])
    await client.query(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) + 1 from ${table}))`);
  await client.query("vacuum analyze");
}

/** The connections that are read come first; a quick run's are a tenth as large. */
async function seedAttempts(client: pg.Client, size: ReadSize, tell: (line: string) => void): Promise<void> {
  const scale = size.attempts < 1_000_000 ? 0.1 : 1;
  let first = 1;
  for (const { id, attempts, open } of Object.values(readConnections)) {
    const rows = attempts > 500 ? attempts * scale : attempts;
    await client.query(runs, [first, first + rows - 1, id, 1, size.firms, open, rows, []]);
    await client.query(attemptsOfRuns, [first, first + rows - 1]);
    first += rows;
    tell(`${first - 1} attempts`);
  }
  const oneOpenOf = scale === 1 ? 97 : 7; // primes: the open ones are of ever other connections
  const set = Object.values(readConnections).map(({ id }) => id);
  for (; first <= size.attempts; first += batch) {
    const last = Math.min(first + batch - 1, size.attempts);
    await client.query(runs, [first, last, null, size.connections, size.firms, 1, oneOpenOf, set]);
    await client.query(attemptsOfRuns, [first, last]);
    tell(`${last} attempts`);
  }
}

async function inBatches(
  client: pg.Client,
  { what, rows, tell }: { what: string; rows: number; tell: (line: string) => void },
  statement: string,
  values: unknown[],
): Promise<void> {
  for (let first = 1; first <= rows; first += batch) {
    await client.query(statement, [first, Math.min(first + batch - 1, rows), ...values]);
    tell(`${Math.min(first + batch - 1, rows)} ${what}`);
  }
}

/** Connection n belongs to firm 1 + (n - 1) mod firms. */
const connections = `
  insert into calendar_connection (firm_id, id, provider, owner_id, account_email, calendar_id, calendar_name, cursor, cursor_fingerprint)
  select 1 + (n - 1) % $1::int, n, case when n % 2 = 0 then 'GOOGLE' else 'MICROSOFT' end, 'staff-' || n,
    'account' || n || '@example.com', 'primary', 'Calendar ' || n, 'cursor-' || n, 'fingerprint'
  from generate_series(1, $2::int) n
`;

const appointments = `
  insert into appointment (firm_id, id, connection_id, title, starts_at, ends_at, external_event_id)
  select c.firm_id, n, c.id, 'An hour', start, start + interval '1 hour', 'event-' || n
  from generate_series($1::int, $2::int) n
    cross join lateral (select date_trunc('hour', now()) + (n % 8760) * interval '1 hour' as start) s
    join calendar_connection c on c.id = 1 + n % $3::int
`;

/** $3: one connection for all, or null for turns, in which those of $8 are left out. Of every $7 runs the newest $6 have failed, and their failures are open. */
const runs = `
  insert into sync_run (firm_id, id, connection_id, operation, direction, trigger, status, last_attempt_id, open_failure_id,
    started_at, finished_at, next_retry_at, retry_count)
  select c.firm_id, n, c.id, 'LIST_CHANGES', 'PULL', 'SCHEDULE',
    case when is_open then 'RETRYING' else 'SUCCEEDED' end, n, case when is_open then n end,
    now(), case when not is_open then now() end, case when is_open then now() + interval '30 days' end, 0
  from generate_series($1::int, $2::int) n
    cross join lateral (select ($2::int - n) % $7::int < $6::int as is_open) o
    cross join lateral (select 1 + n % $4::int as turn) t
    join calendar_connection c on c.id = coalesce($3::int, turn + (turn = any ($8::int[]))::int) and c.firm_id = 1 + (c.id - 1) % $5::int
`;

const attemptsOfRuns = `
  insert into sync_attempt (firm_id, id, run_id, connection_id, provider, operation, direction, status, state, error_class, error_code,
    error_summary, next_retry_at, started_at, finished_at, correlation_id, request_count)
  select r.firm_id, r.id, r.id, r.connection_id, c.provider, r.operation, r.direction,
    case when r.open_failure_id is null then 'SUCCESS' else 'FAIL' end, case when r.open_failure_id is null then 'SUCCEEDED' else 'OPEN' end,
    case when r.open_failure_id is not null then 'TRANSIENT' end, case when r.open_failure_id is not null then 'PROVIDER_UNAVAILABLE' end,
    case when r.open_failure_id is not null then 'Sync: ConnectionError' end, r.next_retry_at, now(), now(), r.correlation_id, 1
  from sync_run r join calendar_connection c on c.firm_id = r.firm_id and c.id = r.connection_id
  where r.id between $1::int and $2::int
`;

const counters = `
  update connection_statistics s set successes = a.successes, transient_failures = a.failures, open_retryable = a.failures,
    last_sync_at = now(), last_successful_sync_at = now()
  from (
    select firm_id, connection_id, count(*) filter (where status = 'SUCCESS') as successes, count(*) filter (where state = 'OPEN') as failures
    from sync_attempt group by 1, 2
  ) a
  where a.firm_id = s.firm_id and a.connection_id = s.connection_id
`;
