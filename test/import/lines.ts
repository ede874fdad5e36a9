import { SECRET_MARK } from "../../src/simulator/tokens.js";

/** Lines of import files for tests; what is not said gets a plausible value. */
type Fields = Readonly<Record<string, unknown>>;

export const given = {
  firm: (id: number, name = `Firm ${id}`) => ({ type: "firm", id, name }),

  connection: (firmId: number, id: number, fields: Fields = {}) => ({
    ...{ type: "connection", firm_id: firmId, id, provider: "google", owner_id: 7 },
    ...{ account_email: `account${id}@example.com`, calendar_id: "primary", status: "active" },
    ...{ refresh_token: secretOf(id), scopes: ["calendar.readonly"], ...fields },
  }),

  appointment: (firmId: number, id: number, connectionId: number | null, fields: Fields = {}) => ({
    ...{ type: "appointment", firm_id: firmId, id, connection_id: connectionId },
    ...{ external_event_id: connectionId === null ? null : `event-${id}`, title: "Consultation", status: "confirmed" },
    ...{ starts_at: "2026-03-01T10:00:00+01:00", ends_at: "2026-03-01T11:00:00+01:00", ...fields },
  }),

  attempt: (firmId: number, id: number, connectionId: number, fields: Fields = {}) => ({
    ...{ type: "attempt", firm_id: firmId, id, connection_id: connectionId },
    ...{ operation: "list_changes", direction: "pull", status: "success" },
    ...{ started_at: "2026-11-01T10:00:00Z", finished_at: "2026-11-01T10:00:01.5Z", ...fields },
  }),

  failedAttempt: (firmId: number, id: number, connectionId: number, fields: Fields = {}) =>
    given.attempt(firmId, id, connectionId, { status: "fail", error_class: "transient", ...fields }),
};

/** A connection's refresh token, which nothing may tell. */
export function secretOf(connectionId: number): string {
  return `1//${SECRET_MARK}-refresh-token-${connectionId}`;
}

export function ndjson(lines: readonly unknown[]): string {
  return lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
}
