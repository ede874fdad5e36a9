import { describe, expect, test } from "@jest/globals";
import { readImportLine } from "../../src/import/read-import-line.js";
import { given, secretOf } from "./lines.js";

function faultOf(line: unknown): string {
  const read = readImportLine(typeof line === "string" ? line : JSON.stringify(line));
  return "fault" in read ? read.fault : "taken";
}

const connection = (fields: object) => given.connection(1, 5, { ...fields });
const appointment = (fields: object) => given.appointment(1, 6, 5, { ...fields });
const attempt = (fields: object) => given.attempt(1, 7, 5, { ...fields });
const failed = (fields: object) => given.failedAttempt(1, 7, 5, { ...fields });

const cases: [what: string, line: unknown, fault: string][] = [
  ["cut off", `{"type":"connection","refresh_token":"${secretOf(5)}`, "is not JSON"],
  ["a list", "[]", "is not an object"],
  ["a text", `"${secretOf(5)}"`, "is not an object"],
  ["null", "null", "is not an object"],
  ["of no type", {}, "type must be one of firm, connection, appointment, attempt"],
  ["of an unknown type", { type: "user", id: 1 }, "type must be one of firm, connection, appointment, attempt"],
  ["a firm without a name", { type: "firm", id: 1 }, "firm 1: name is missing"],
  ["a firm with a long name", given.firm(1, "x".repeat(201)), "firm 1: name must be text of 1 to 200 characters"],
  ["a field too many", connection({ last_sync_cursor: "c" }), "connection 5: last_sync_cursor is not a known field"],
  [
    "a field with a name that is none",
    connection({ [secretOf(1)]: 1 }),
    "connection 5: it has a field that is not known",
  ],
  ["an id of zero", given.firm(0), "id must be a positive whole number below 2^63, as text when it is above 2^53"],
  [
    "an id that JSON has rounded",
    `{"type":"firm","id":9007199254740993,"name":"N"}`,
    "id must be a positive whole number below 2^63, as text when it is above 2^53",
  ],
  [
    "an id beyond 64 bits",
    { ...given.firm(1), id: "9223372036854775808" },
    "id must be a positive whole number below 2^63, as text when it is above 2^53",
  ],
  [
    "an id with a leading zero",
    { ...given.firm(1), id: "01" },
    "id must be a positive whole number below 2^63, as text when it is above 2^53",
  ],
  ["a NUL in a text", appointment({ title: "a\0b" }), "appointment 6: title has a NUL or half a character"],
  ["half a character", `{"type":"firm","id":1,"name":"\\ud800"}`, "firm 1: name has a NUL or half a character"],
  [
    "a provider of another name",
    connection({ provider: "GOOGLE" }),
    "connection 5: provider must be one of google, microsoft",
  ],
  [
    "an active connection without its token",
    connection({ refresh_token: null }),
    "connection 5: refresh_token is missing on a connection that is active",
  ],
  [
    "a paused one too",
    connection({ status: "paused", refresh_token: "" }),
    "connection 5: refresh_token must be text of 1 to 16384 characters",
  ],
  [
    "an active connection with a reason",
    connection({ status_reason: "manager" }),
    "connection 5: status_reason must be absent on an active connection",
  ],
  [
    "a disconnected one with its token",
    connection({ status: "revoked", status_reason: "disconnected" }),
    "connection 5: refresh_token must be absent on a disconnected connection",
  ],
  [
    "a revoked one by a manager",
    connection({ status: "revoked", status_reason: "manager" }),
    "connection 5: status_reason must be why the provider refuses",
  ],
  [
    "a token that is a number",
    connection({ refresh_token: 12345 }),
    "connection 5: refresh_token must be text of 1 to 16384 characters",
  ],
  ["scopes that are a text", connection({ scopes: "a b" }), "connection 5: scopes must be a list of texts"],
  [
    "a time without an offset",
    appointment({ starts_at: "2026-03-01T10:00:00" }),
    "appointment 6: starts_at must be a date-time with an offset, such as 2026-01-31T09:00:00Z",
  ],
  [
    "a day that is none",
    appointment({ starts_at: "2026-02-30T10:00:00Z" }),
    "appointment 6: starts_at must be a date-time with an offset, such as 2026-01-31T09:00:00Z",
  ],
  [
    "a time that is a number",
    appointment({ ends_at: 1 }),
    "appointment 6: ends_at must be a date-time with an offset, such as 2026-01-31T09:00:00Z",
  ],
  [
    "an end before its start",
    appointment({ ends_at: "2026-03-01T08:59:59Z" }),
    "appointment 6: ends_at must not be before starts_at",
  ],
  [
    "an event of no connection",
    appointment({ connection_id: null }),
    "appointment 6: connection_id is missing beside external_event_id",
  ],
  [
    "a reason that is our own",
    appointment({ status: "cancelled", status_reason: "REMOVED_AT_PROVIDER" }),
    "appointment 6: status_reason must be none of the codes that syncing writes",
  ],
  ["a flag that is a text", appointment({ is_all_day: "f" }), "appointment 6: is_all_day must be true or false"],
  [
    "a failure without its class",
    failed({ error_class: null }),
    "attempt 7: error_class is missing on a failed attempt",
  ],
  [
    "a success with a class",
    attempt({ error_class: "transient" }),
    "attempt 7: error_class must be absent on a successful attempt",
  ],
  [
    "what is never retried, exhausted",
    failed({ error_class: "non_retryable", max_retries_reached: true }),
    "attempt 7: max_retries_reached must be false on what is never retried",
  ],
  [
    "an upsert of nothing",
    attempt({ operation: "upsert" }),
    "attempt 7: appointment_id is missing beside operation upsert",
  ],
  [
    "a list of one appointment",
    attempt({ appointment_id: 3 }),
    "attempt 7: appointment_id must be absent beside operation list_changes",
  ],
  [
    "a list that is pushed",
    attempt({ direction: "push" }),
    "attempt 7: direction must be pull beside operation list_changes",
  ],
  [
    "an end before its beginning",
    attempt({ finished_at: "2026-11-01T09:00:00Z" }),
    "attempt 7: finished_at must not be before started_at",
  ],
  ["an attempt that runs", attempt({ status: "running" }), "attempt 7: status must be one of success, fail"],
  ["a correlation id that is none", attempt({ correlation_id: "abc" }), "attempt 7: correlation_id must be a UUID"],
  [
    "many faults at once",
    { type: "appointment", firm_id: 1, id: 6 },
    "appointment 6: title is missing; status is missing; starts_at is missing; and 1 more",
  ],
];

describe("a line that is", () => {
  test.each(cases)("%s is told why it is refused", (_what, line, fault) => {
    expect(faultOf(line)).toBe(fault);
  });

  test.each(cases)("%s is told without its content", (_what, line) => {
    expect(faultOf(line)).not.toMatch(/secret|Consultation|account5/);
  });

  test("wrong tells its firm where it can be told", () => {
    const firmOf = (line: unknown) => {
      const read = readImportLine(JSON.stringify(line));
      return "fault" in read ? read.firmId : "taken";
    };
    expect(firmOf({ type: "firm", id: 12, name: 5 })).toBe("12");
    expect(firmOf({ type: "appointment", firm_id: "12", id: -1 })).toBe("12");
    expect(firmOf({ type: "nothing", firm_id: 12 })).toBe("12");
    expect(firmOf({ type: "appointment", firm_id: "x", id: 1 })).toBeNull();
    expect(firmOf({ type: "appointment", id: 1 })).toBeNull();
  });
});

test("every kind of line is taken with nothing but what it needs, and with everything", () => {
  expect([given.firm(1), connection({}), appointment({}), attempt({}), failed({})].map(faultOf)).toEqual(
    Array(5).fill("taken"),
  );
  const nothing = Object.fromEntries(
    ["calendar_name", "status_reason", "created_at", "archived_attempts"].map((name) => [name, null]),
  );
  expect(faultOf(connection(nothing))).toBe("taken");
  expect(faultOf({ ...connection({}), firm_id: "9007199254740993", id: "4611686018427387904" })).toBe("taken");
});
