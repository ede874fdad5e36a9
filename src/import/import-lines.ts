import { z } from "zod";
import { count, flag, id, instant, oneOf, text, texts, userId } from "./import-values.js";

/** The kinds of lines that an import file has, one JSON object a line. */
const firm = z
  .strictObject({ type: z.literal("firm"), id, name: text(200) })
  .meta({ description: "A firm. Not needed where the database has it already." });

const connectionStatuses = ["active", "paused", "revoked"] as const;

const statusReasons = [
  ...["manager", "credentials_refused", "consent_needed", "calendar_not_found", "mailbox_unavailable", "disconnected"],
] as const;

/** Attempts that the older service has counted and that are not in the files. */
const archivedAttempts = z.strictObject({
  successes: count.default(0),
  transient_failures: count.default(0),
  rate_limited_failures: count.default(0),
  non_retryable_failures: count.default(0),
});

/** What is wrong with a field beside the others. */
type Contradiction = [field: string, isWrong: boolean, message: string];

function tell({ issues, value }: z.core.ParsePayload, contradictions: Contradiction[]): void {
  for (const [field, isWrong, message] of contradictions) {
    if (isWrong) issues.push({ code: "custom", path: [field], message, input: value });
  }
}

interface ConnectionState {
  status: (typeof connectionStatuses)[number];
  status_reason?: (typeof statusReasons)[number] | null | undefined;
  refresh_token?: string | null | undefined;
}

function contradictionsOfConnection({
  status,
  status_reason: reason,
  refresh_token: token,
}: ConnectionState): Contradiction[] {
  const isStopped = status !== "active";
  return [
    ["refresh_token", status !== "revoked" && token == null, `is missing on a connection that is ${status}`],
    ["refresh_token", reason === "disconnected" && token != null, "must be absent on a disconnected connection"],
    ["status_reason", !isStopped && reason != null, "must be absent on an active connection"],
    [
      "status_reason",
      status === "paused" && (reason ?? "manager") !== "manager",
      "must be manager on a paused connection",
    ],
    ["status_reason", status === "revoked" && reason === "manager", "must be why the provider refuses"],
  ];
}

const connection = z
  .strictObject({
    type: z.literal("connection"),
    firm_id: id,
    id,
    provider: oneOf(["google", "microsoft"]),
    owner_id: userId,
    account_email: text(320),
    calendar_id: text(1024),
    calendar_name: text(500).nullish(),
    status: oneOf(connectionStatuses),
    status_reason: oneOf(statusReasons).nullish(),
    status_changed_at: instant.nullish(),
    refresh_token: text(16_384).nullish(),
    scopes: texts.nullish(),
    created_at: instant.nullish(),
    archived_attempts: archivedAttempts.nullish(),
  })
  .superRefine((line, context) => {
    tell(context, contradictionsOfConnection(line));
  })
  .meta({
    description: "A calendar of a staff user. Its sync cursor is not taken over: the first pull compares everything.",
  });

/** What syncing writes itself, with an audit event that an import has not. */
const reasonsOfSync = ["REMOVED_AT_PROVIDER", "MISSING_AT_PROVIDER"];

const appointment = z
  .strictObject({
    type: z.literal("appointment"),
    firm_id: id,
    id,
    connection_id: id.nullish(),
    external_event_id: text(1024).nullish(),
    recurring_event_id: text(1024).nullish(),
    title: text(4000, 0),
    status: oneOf(["confirmed", "tentative", "cancelled"]),
    status_reason: text(500)
      .refine((reason) => !reasonsOfSync.includes(reason), { error: "must be none of the codes that syncing writes" })
      .nullish(),
    starts_at: instant,
    ends_at: instant,
    is_all_day: flag.nullish(),
    time_zone: text(100).nullish(),
    created_at: instant.nullish(),
  })
  .refine(({ starts_at, ends_at }) => new Date(starts_at) <= new Date(ends_at), {
    path: ["ends_at"],
    error: "must not be before starts_at",
  })
  .refine(({ external_event_id, connection_id }) => external_event_id == null || connection_id != null, {
    path: ["connection_id"],
    error: "is missing beside external_event_id",
  })
  .meta({ description: "One concrete occurrence, found again by its connection and external_event_id." });

interface AttemptState {
  operation: string;
  direction: string;
  appointment_id?: string | null | undefined;
  status: "success" | "fail";
  error_class?: string | null | undefined;
  max_retries_reached?: boolean | null | undefined;
  started_at: string;
  finished_at: string;
}

function contradictionsOfAttempt(line: AttemptState): Contradiction[] {
  const isOfAppointment = line.operation === "upsert" || line.operation === "delete";
  const hasAppointment = line.appointment_id != null;
  const isFailed = line.status === "fail";
  const isRetryable = (line.error_class ?? "non_retryable") !== "non_retryable";
  return [
    ["appointment_id", isOfAppointment && !hasAppointment, `is missing beside operation ${line.operation}`],
    ["appointment_id", !isOfAppointment && hasAppointment, `must be absent beside operation ${line.operation}`],
    ["direction", !isOfAppointment && line.direction === "push", `must be pull beside operation ${line.operation}`],
    ["error_class", isFailed && line.error_class == null, "is missing on a failed attempt"],
    ["error_class", !isFailed && line.error_class != null, "must be absent on a successful attempt"],
    [
      "max_retries_reached",
      line.max_retries_reached === true && !isRetryable,
      "must be false on what is never retried",
    ],
    ["finished_at", new Date(line.finished_at) < new Date(line.started_at), "must not be before started_at"],
  ];
}

const attempt = z
  .strictObject({
    type: z.literal("attempt"),
    firm_id: id,
    id,
    connection_id: id,
    appointment_id: id.nullish(),
    operation: oneOf(["list_changes", "resync", "upsert", "delete"]),
    direction: oneOf(["pull", "push"]),
    status: oneOf(["success", "fail"]),
    error_class: oneOf(["transient", "rate_limited", "non_retryable"]).nullish(),
    error_summary: text(1000).nullish(),
    retry_count: count.max(1000, { error: "must be a whole number from 0 to 1000" }).nullish(),
    max_retries_reached: flag.nullish(),
    started_at: instant,
    finished_at: instant,
    correlation_id: z.uuid({ error: "must be a UUID" }).toLowerCase().nullish(),
  })
  .superRefine((line, context) => {
    tell(context, contradictionsOfAttempt(line));
  })
  .meta({
    description: "A finished try of the older service, kept as history: a failed one is superseded, never open.",
  });

export const lineTypes = ["firm", "connection", "appointment", "attempt"] as const;

export const importLine = z.discriminatedUnion("type", [firm, connection, appointment, attempt], {
  error: `type must be one of ${lineTypes.join(", ")}`,
});

export type ImportLine = z.output<typeof importLine>;
export type LineType = (typeof lineTypes)[number];
