import { everyField, insertAppointment, type AppointmentContent } from "../appointments/local-change.js";
import { lockConnection } from "../attempts/lock.js";
import { assertActive } from "../connections/assert-active.js";
import { requestOnce, type RunRequest } from "../attempts/run-request.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { notFound } from "../errors.js";
import { requestPush } from "./request-push.js";
import { checkedContent } from "./requested-content.js";

export interface CreateRequest extends RunRequest, AppointmentContent {
  connectionId: string;
}

/**
 * Makes an appointment, and an event of it in its connection's calendar. Answers with the id of the run that pushes it, when it has settled or
 * the wait is over; the run goes on in any case.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT naming the argument, or with reason CONNECTION_REVOKED or CONNECTION_PAUSED; what oncePerKey
 *   refuses
 */
export function createAppointment(context: Context, request: CreateRequest): Promise<string> {
  return requestOnce(context, { operation: "createAppointment", request }, (unit) => create(context, unit, request));
}

async function create(context: Context, unit: UnitOfWork, request: CreateRequest): Promise<string> {
  const content = checkedContent(request);
  const connection = await lockConnection(unit, request.connectionId);
  if (!connection) throw notFound();
  assertActive(connection);
  return requestPush(context, unit, {
    eventType: "appointment_created",
    appointmentId: await insertAppointment(unit, connection.id, content),
    connectionId: connection.id,
    fields: everyField,
    reason: request.reason,
    pushes: [],
  });
}
