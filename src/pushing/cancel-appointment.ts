import { callOffAppointment } from "../appointments/local-change.js";
import { requestOnce, type RunRequest } from "../attempts/run-request.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { lockForChange } from "./lock-for-change.js";
import { requestPush } from "./request-push.js";

export interface CancelRequest extends RunRequest {
  appointmentId: string;
}

/**
 * Calls an appointment off and removes its event. Answers with the id of the run that does so, when it has settled or the wait is over; the run
 * goes on in any case. Of an event that nobody has asked the provider for yet, it asks nothing.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT with reason NOT_SYNCED, APPOINTMENT_CANCELLED, CONNECTION_REVOKED or CONNECTION_PAUSED; what
 *   oncePerKey refuses
 */
export function cancelAppointment(context: Context, request: CancelRequest): Promise<string> {
  return requestOnce(context, { operation: "cancelAppointment", request }, (unit) => callOff(context, unit, request));
}

async function callOff(context: Context, unit: UnitOfWork, { appointmentId, reason }: CancelRequest): Promise<string> {
  const { connectionId, pushes } = await lockForChange(unit, appointmentId);
  await callOffAppointment(unit, appointmentId);
  return requestPush(context, unit, {
    eventType: "appointment_cancelled",
    ...{ appointmentId, connectionId, fields: ["status"], reason, pushes },
  });
}
