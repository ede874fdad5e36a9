import { negative, refusedBy, twice, type GuardCase } from "./schema-guard-case.js";

const [nine, ten] = ["2026-01-15T09:00:00Z", "2026-01-15T10:00:00Z"];
const empty = "";

/** Firms, connections with their credentials and counters, appointments, audit events. */
export const connectionGuardCases: GuardCase[] = [
  ...refusedBy("firm", "23514", {
    firm_id_check: [["an id that no path can hold", { id: 0 }]],
    firm_name_check: [
      ["no name", { name: empty }],
      ["a name without end", { name: "x".repeat(201) }],
    ],
  }),
  ...twice("firm", { firm_pkey: ["a firm twice", {}, { name: "Another" }] }),

  ...refusedBy("calendar_connection", "23514", {
    calendar_connection_id_check: [["a negative id", { id: -1 }]],
    calendar_connection_provider_check: [["an unknown provider", { provider: "google" }]],
    calendar_connection_status_check: [["an unknown status", { status: "GONE", status_reason: "MANAGER" }]],
    calendar_connection_status_reason_check: [["an unknown reason", { status: "PAUSED", status_reason: "WHIM" }]],
    calendar_connection_stopped_has_reason: [
      ["paused without a reason", { status: "PAUSED" }],
      ["revoked without a reason", { status: "REVOKED" }],
      ["active with a reason to stop", { status_reason: "MANAGER" }],
    ],
    calendar_connection_stopped_is_not_due: [
      ["a pull of a paused calendar", { status: "PAUSED", status_reason: "MANAGER", next_pull_at: ten }],
      ["a pull of a revoked one", { status: "REVOKED", status_reason: "CREDENTIALS_REFUSED", next_pull_at: ten }],
    ],
    calendar_connection_window: [
      ["a window without an end", { window_start: nine }],
      ["a window without a start", { window_end: nine }],
      ["a window of no length", { window_start: nine, window_end: nine }],
      ["a window backwards", { window_start: ten, window_end: nine }],
    ],
    calendar_connection_circuit_failures_check: [["fewer than no failed runs", { circuit_failures: -1 }]],
    calendar_connection_erased_is_empty: [
      ["an erased connection that syncs", { erased_at: nine }],
      [
        "an erased connection that tells its owner",
        {
          ...{ erased_at: nine, status: "REVOKED", status_reason: "DISCONNECTED", owner_id: "staff-1" },
          ...{ id: 1, account_email: "erased", calendar_id: "erased-1" },
        },
      ],
    ],
    calendar_connection_cursor_has_fingerprint: [
      ["a cursor of an unknown request", { cursor: "c" }],
      ["a fingerprint of no cursor", { cursor_fingerprint: "f" }],
    ],
  }),
  ...refusedBy("calendar_connection", "23503", {
    calendar_connection_firm_id_fkey: [["a calendar of nobody", { firm_id: 2 }]],
  }),
  ...twice("calendar_connection", {
    calendar_connection_pkey: ["an id twice", {}, { calendar_id: "other" }],
    calendar_connection_calendar_key: ["a calendar twice", {}, { id: 2 }],
  }),

  ...refusedBy("calendar_credential", "23514", {
    calendar_credential_key_version_check: [["a key that cannot be", { key_version: 0 }]],
    calendar_credential_access_token_expires: [
      ["an access token for ever", { access_token: Buffer.from("a") }],
      ["an end of no access token", { access_token_expires_at: ten }],
    ],
    calendar_credential_refresh_lease_ends: [["a lease of nobody", { refresh_lease_ends_at: ten }]],
  }),
  ...refusedBy("calendar_credential", "23503", {
    calendar_credential_firm_id_connection_id_fkey: [["tokens of no calendar", { connection_id: 1 }]],
  }),
  ...refusedBy("calendar_consent", "23514", {
    calendar_consent_firm_id_check: [["no firm", { firm_id: 0 }]],
    calendar_consent_provider_check: [["an unknown provider", { provider: "APPLE" }]],
    calendar_consent_owner_id_check: [
      ["an owner without an id", { owner_id: empty }],
      ["an owner with a long id", { owner_id: "x".repeat(201) }],
    ],
    calendar_consent_reason_check: [["a long reason", { reason: "x".repeat(501) }]],
    calendar_consent_return_url_check: [["a long address", { return_url: "x".repeat(2001) }]],
    calendar_consent_state_hash_check: [["another hash of a state", { state_hash: Buffer.alloc(31) }]],
    calendar_consent_browser_hash_check: [["another hash of a browser", { browser_hash: Buffer.alloc(33) }]],
    calendar_consent_key_version_check: [["no key", { key_version: 0 }]],
    calendar_consent_is_for_owner_or_connection: [
      ["a consent for nobody", { owner_id: null }],
      ["a consent for two", { connection_id: 101 }],
    ],
    calendar_consent_verifier_is_used_once: [["tokens before the code", { granted: Buffer.from("encrypted") }]],
  }),
  ...refusedBy("calendar_consent", "23503", {
    calendar_consent_firm_id_connection_id_fkey: [["a consent for no calendar", { owner_id: null, connection_id: 1 }]],
  }),
  ...twice("calendar_consent", {
    calendar_consent_pkey: ["a consent twice", {}, { state_hash: Buffer.alloc(32, 9) }],
    calendar_consent_state: ["a state twice", {}, { id: "00000000-0000-4000-8000-00000000000a" }],
  }),
  ...twice("calendar_credential", { calendar_credential_pkey: ["tokens twice", {}, { key_version: 2 }] }),

  ...refusedBy("connection_statistics", "23514", {
    connection_statistics_successes: [
      ["more archived than counted", { archived_successes: 1 }],
      ["archived below zero", { archived_successes: -1 }],
    ],
    connection_statistics_transient: [
      ["more archived than counted", { archived_transient_failures: 1 }],
      ["a count below zero", { transient_failures: -1 }],
    ],
    connection_statistics_rate_limited: [
      ["more archived than counted", { archived_rate_limited_failures: 1 }],
      ["archived below zero", { archived_rate_limited_failures: -1 }],
    ],
    connection_statistics_non_retryable: [
      ["more archived than counted", { archived_non_retryable_failures: 1 }],
      ["a count below zero", { non_retryable_failures: -1 }],
    ],
    connection_statistics_open_retryable_check: negative("open_retryable"),
    connection_statistics_open_exhausted_check: negative("open_exhausted"),
    connection_statistics_open_non_retryable_check: negative("open_non_retryable"),
    connection_statistics_consecutive_failures_check: negative("consecutive_failures"),
  }),
  ...refusedBy("connection_statistics", "23503", {
    connection_statistics_firm_id_connection_id_fkey: [["counters of no calendar", { connection_id: 1 }]],
  }),
  {
    ...{ constraint: "connection_statistics_pkey", because: "counters twice", code: "23505" },
    ...{ table: "connection_statistics", row: { connection_id: 1 } },
    before: [{ table: "calendar_connection", row: { id: 1, calendar_id: "other" } }],
  },

  ...refusedBy("appointment", "23514", {
    appointment_id_check: [["no id", { id: 0 }]],
    appointment_status_check: [["an unknown status", { status: "DONE" }]],
    appointment_ends_after_start: [["an end before the start", { starts_at: ten, ends_at: nine }]],
    appointment_external_event_id_check: [["an event without a name", { external_event_id: empty }]],
    appointment_unpushed_fields_check: [["an unknown field to push", { unpushed_fields: ["place"] }]],
    appointment_unpushed_has_connection: [
      ["something to push to no calendar", { connection_id: null, unpushed_fields: ["title"] }],
    ],
    appointment_local_version: [["a version below zero", { local_version: -1 }]],
  }),
  ...refusedBy("appointment", "23503", {
    appointment_firm_id_fkey: [["an appointment of nobody", { firm_id: 2, connection_id: null }]],
    appointment_firm_id_connection_id_fkey: [["an appointment of no calendar", { connection_id: 1 }]],
  }),
  ...twice("appointment", {
    appointment_pkey: ["an id twice", {}, { external_event_id: "event-2" }],
    appointment_firm_id_connection_id_external_event_id_key: ["an event twice", {}, { id: 1 }],
    appointment_event_key: [
      "a key of two events",
      { event_key: "33333333-3333-4333-8333-333333333333" },
      { id: 1, external_event_id: "event-2", event_key: "33333333-3333-4333-8333-333333333333" },
    ],
  }),

  ...twice("seen_appointment", { seen_appointment_pkey: ["an appointment noted twice", {}, {}] }),

  ...refusedBy("audit_event", "23514", {
    audit_event_id_check: [["a negative id", { id: -1 }]],
    audit_event_event_category_check: [["an unknown category", { event_category: "other" }]],
    audit_event_severity_check: [["an unknown severity", { severity: "fatal" }]],
    audit_event_metadata_check: [
      ["metadata that is a list", { metadata: "[]" }],
      ["metadata that is nothing", { metadata: "null" }],
    ],
  }),
  ...twice("audit_event", { audit_event_pkey: ["an id twice", {}, {}] }),
];
