import { z } from "zod";
import type { Answer } from "./answer.js";
import { readDateTimes } from "./date-time-field.js";
import { countSchema, idNumber, idSchema, providerSchema, word } from "./json-values.js";
import {
  deedArguments,
  deedValues,
  deedVariables,
  failSchema,
  outcomeAnswer,
  resultFields,
  runningSchema,
  successSchema,
  type SyncResult,
} from "./outcome.js";
import type { Asked } from "./route.js";

export const resyncConnectionDocument = `mutation ResyncConnection($id: ID!, $startDate: DateTime, $endDate: DateTime, ${deedVariables}) {
  resyncConnection(connectionId: $id, startDate: $startDate, endDate: $endDate, ${deedArguments}) {
    message connectionId provider ${resultFields}
  }
}`;

export const resyncAppointmentDocument = `mutation ResyncAppointment($id: ID!, ${deedVariables}) {
  resyncAppointment(appointmentId: $id, ${deedArguments}) { message appointmentId externalEventId ${resultFields} }
}`;

/** Fails when there is no such appointment. */
export const appointmentExistence = "query AppointmentExists($id: ID!) { appointment(id: $id) { id } }";

const bound = (description: string) =>
  z
    .string()
    .nullable()
    .optional()
    .meta({ description, examples: ["2025-12-30T10:30:00Z"] });

export const resyncBody = z.strictObject({
  start_date: bound(
    "Only what lies after it; without an offset it is UTC. Absent: the start of the connection's window.",
  ),
  end_date: bound(
    "Only what lies before it, at most 5 years after the start. Absent: the end of the connection's window.",
  ),
});

export function resyncConnectionVariables(asked: Asked) {
  const { start_date: startDate, end_date: endDate } = readDateTimes(asked.fields, ["start_date", "end_date"]);
  return { startDate, endDate, ...deedValues(asked) };
}

export const connectionResyncedSchema = z.strictObject({
  message: z.string(),
  connection_id: idSchema,
  provider: providerSchema,
  result: z.union([z.strictObject({ ...successSchema.shape, synced_count: countSchema }), runningSchema]),
});

export const connectionResyncFailedSchema = z.strictObject({
  error: z.string(),
  connection_id: idSchema,
  result: failSchema,
});

export const appointmentResyncedSchema = z.strictObject({
  message: z.string(),
  appointment_id: idSchema,
  external_event_id: z.string(),
  result: z.union([successSchema, runningSchema]),
});

export const appointmentResyncFailedSchema = z.strictObject({
  error: z.string(),
  appointment_id: idSchema,
  external_event_id: z.string(),
  result: failSchema,
});

interface ConnectionResync {
  resyncConnection: { message: string; connectionId: string; provider: string; result: SyncResult };
}

export function renderConnectionResync({ resyncConnection }: ConnectionResync, asked: Asked): Answer {
  const { message, connectionId, provider, result } = resyncConnection;
  const connection_id = idNumber(connectionId);
  return outcomeAnswer(result, asked, {
    succeeded: { message, connection_id, provider: word(provider) },
    failed: { error: message, connection_id },
    success: { synced_count: result.syncedCount },
  });
}

interface AppointmentResync {
  resyncAppointment: { message: string; appointmentId: string; externalEventId: string; result: SyncResult };
}

export function renderAppointmentResync({ resyncAppointment }: AppointmentResync, asked: Asked): Answer {
  const { message, appointmentId, externalEventId, result } = resyncAppointment;
  const appointment = { appointment_id: idNumber(appointmentId), external_event_id: externalEventId };
  return outcomeAnswer(result, asked, {
    succeeded: { message, ...appointment },
    failed: { error: message, ...appointment },
  });
}
