import pg from "pg";

export type Row = Readonly<Record<string, unknown>>;

/** Values that a row needs besides its firm and that no default gives; ids are derived from the firm's. */
const examples: Record<string, (firmId: string) => Row> = {
  firm: (firmId) => ({ id: firmId, name: `Firm ${firmId}` }),
  calendar_connection: (firmId) => ({
    ...{ firm_id: firmId, id: exampleIds(firmId).connection, provider: "GOOGLE" },
    ...{ owner_id: "staff-1", account_email: "staff@example.com", calendar_id: "primary" },
  }),
  calendar_credential: (firmId) => ({
    ...{ firm_id: firmId, connection_id: exampleIds(firmId).connection, key_version: 1 },
    refresh_token: Buffer.from("encrypted"),
  }),
  calendar_consent: (firmId) => ({
    ...{ firm_id: firmId, id: `00000000-0000-4000-8000-${firmId.padStart(12, "0")}`, provider: "GOOGLE" },
    ...{ user_id: "manager-1", owner_id: "staff-1", redirect_uri: "https://example.com/oauth/callback" },
    ...{ state_hash: Buffer.alloc(32, 1), browser_hash: Buffer.alloc(32, 2), key_version: 1 },
    ...{ code_verifier: Buffer.from("encrypted"), expires_at: "2099-01-01T00:00:00Z" },
  }),
  watch_channel: (firmId) => ({
    ...{ firm_id: firmId, id: `00000000-0000-4000-8000-${firmId.padStart(12, "0")}` },
    ...{ connection_id: exampleIds(firmId).connection, channel_id: "channel-1", key_version: 1 },
    ...{ address: "https://example.com/notifications/google", expires_at: "2099-01-01T00:00:00Z" },
  }),
  connection_statistics: (firmId) => ({ firm_id: firmId, connection_id: exampleIds(firmId).connection }),
  appointment: (firmId) => ({
    ...{ firm_id: firmId, id: exampleIds(firmId).appointment, connection_id: exampleIds(firmId).connection },
    ...{ title: "Visit", external_event_id: "event-1" },
    ...{ starts_at: "2026-01-15T09:00:00Z", ends_at: "2026-01-15T10:00:00Z" },
  }),
  sync_run: (firmId) => ({
    ...{ firm_id: firmId, id: exampleIds(firmId).run, connection_id: exampleIds(firmId).connection },
    ...{ operation: "LIST_CHANGES", direction: "PULL", trigger: "SCHEDULE" },
  }),
  idempotency_key: (firmId) => ({
    ...{ firm_id: firmId, user_id: "manager-1", operation: "replayAttempt", key: "key-1" },
    ...{ arguments_hash: Buffer.alloc(32), run_id: exampleIds(firmId).run },
  }),
  sync_attempt: (firmId) => ({
    ...{ firm_id: firmId, id: exampleIds(firmId).attempt, run_id: exampleIds(firmId).run, provider: "GOOGLE" },
    ...{ connection_id: exampleIds(firmId).connection, operation: "LIST_CHANGES", direction: "PULL" },
    correlation_id: "11111111-1111-4111-8111-111111111111",
  }),
  seen_appointment: (firmId) => ({
    ...{ firm_id: firmId, run_id: exampleIds(firmId).run, appointment_id: exampleIds(firmId).appointment },
  }),
  audit_event: (firmId) => ({
    ...{ firm_id: firmId, id: exampleIds(firmId).auditEvent, resource_id: exampleIds(firmId).connection },
    ...{ event_type: "calendar_connection_connected", event_category: "calendar_connection", severity: "info" },
    resource_type: "calendar_connection",
  }),
};

/** Every table of ours in an order in which foreign keys hold; a partition is its table's. */
export const exampleTables: readonly string[] = Object.keys(examples);

/** The ids of a firm's example rows. */
export function exampleIds(firmId: string) {
  return {
    connection: `${firmId}01`,
    appointment: `${firmId}02`,
    run: `${firmId}03`,
    attempt: `${firmId}04`,
    auditEvent: `${firmId}05`,
  };
}

/** A row that the table accepts once the tables before it in `exampleTables` have theirs. */
export function exampleRow(table: string, firmId: string): Row {
  const example = examples[table];
  if (!example) throw new Error(`Table ${table} has no example row: add one to test/support/rows.ts`);
  return example(firmId);
}

/** The row as one whose id the database gives. */
export function withoutId(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([column]) => column !== "id"));
}

export function insertRow(
  session: pg.Client,
  table: string,
  row: Row,
): Promise<pg.QueryResult<Record<string, unknown>>> {
  const columns = Object.keys(row).map((column) => pg.escapeIdentifier(column));
  const places = columns.map((_, index) => `$${index + 1}`);
  const sql = `insert into ${table} (${columns.join(", ")}) values (${places.join(", ")}) returning *`;
  return session.query<Record<string, unknown>>(sql, Object.values(row));
}

/** One row in every table, as the owner. The connection's counters come with it, by trigger. */
export async function insertExamples(owner: pg.Client, firmId: string, tables = exampleTables): Promise<void> {
  for (const table of tables.filter((name) => name !== "connection_statistics"))
    await insertRow(owner, table, exampleRow(table, firmId));
}
