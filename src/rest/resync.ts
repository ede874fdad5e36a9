import { z } from "zod";
import type { Answer } from "./answer.js";
import { readDateTimes } from "./date-time-field.js";
import { countSchema, idNumber, idSchema, providerSchema, word } from "./json-values.js";
import {
  deedArguments,
  deedValues,
  deedVariables,
  failExample,
  failSchema,
  outcomeAnswer,
  resultFields,
  runningSchema,
  successExample,
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

const bound = (description: string) => z.string().nullable().optional().meta({ description });

export const resyncBody = z
  .strictObject({
    start_date: bound(
      "Only what lies after it; without an offset it is UTC. Absent: the start of the connection's window.",
    ),
    end_date: bound(
      "Only what lies before it, at most 5 years after the start. Absent: the end of the connection's window.",
    ),
  })
  .meta({ examples: [{ start_date: "2025-01-01T00:00:00Z", end_date: "2025-12-31T23:59:59Z" }] });

export function resyncConnectionVariables(asked: Asked) {
  const { start_date: startDate, end_date: endDate } = readDateTimes(asked.fields, ["start_date", "end_date"]);
  return { startDate, endDate, ...deedValues(asked) };
}

const resyncedSchema = z
  .strictObject({
    ...successSchema.shape,
    synced_count: countSchema.meta({ description: "Appointments created, updated, cancelled and unchanged." }),
  })
  .meta({ id: "ConnectionSuccess" });

export const connectionResyncedSchema = z
  .strictObject({
    message: z.string(),
    connection_id: idSchema,
    provider: providerSchema,
    result: z.union([resyncedSchema, runningSchema]),
  })
  .meta({
    examples: [
      {
        message: "Resync initiated successfully",
        connection_id: 123,
        provider: "google",
        result: { ...successExample, synced_count: 42 },
      },
    ],
  });

export const connectionResyncFailedSchema = z
  .strictObject({ error: z.string(), connection_id: idSchema, result: failSchema })
  .meta({ examples: [{ error: "Resync failed: ConnectionError", connection_id: 123, result: failExample }] });

const appointmentExample = { appointment_id: 456, external_event_id: "ext_12345" };
const appointmentShape = { appointment_id: idSchema, external_event_id: z.string() };

export const appointmentResyncedSchema = z
  .strictObject({ message: z.string(), ...appointmentShape, result: z.union([successSchema, runningSchema]) })
  .meta({
    examples: [{ message: "Appointment resynced successfully", ...appointmentExample, result: successExample }],
  });

export const appointmentResyncFailedSchema = z
  .strictObject({ error: z.string(), ...appointmentShape, result: failSchema })
  .meta({ examples: [{ error: "Resync failed: ConnectionError", ...appointmentExample, result: failExample }] });

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
