import { changeAppointment, type AppointmentContent } from "../appointments/local-change.js";
import { requestOnce, type RunRequest } from "../attempts/run-request.js";
import type { Context } from "../context.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { AppError } from "../errors.js";
import type { EventField } from "../providers/provider.js";
import { lockForChange } from "./lock-for-change.js";
import { requestPush } from "./request-push.js";
import { checkedContent } from "./requested-content.js";

export interface UpdateRequest extends RunRequest {
  appointmentId: string;
  /** What is not in it stays. */
  changes: Partial<AppointmentContent>;
}

const fieldOf: Record<keyof AppointmentContent, EventField> = {
  title: "title",
  isTentative: "status",
  startsAt: "times",
  endsAt: "times",
  isAllDay: "times",
  timeZone: "times",
};

/**
 * Changes an appointment, and of its event only what is asked for. Answers with the id of the run that pushes it, when it has settled or the
 * wait is over; the run goes on in any case.
 * @throws AppError NOT_FOUND; BAD_USER_INPUT naming the argument, or with reason NOTHING_TO_CHANGE, NOT_SYNCED, APPOINTMENT_CANCELLED,
 *   CONNECTION_REVOKED or CONNECTION_PAUSED; what oncePerKey refuses
 */
export function updateAppointment(context: Context, request: UpdateRequest): Promise<string> {
  return requestOnce(context, { operation: "updateAppointment", request }, (unit) => update(context, unit, request));
}

async function update(
  context: Context,
  unit: UnitOfWork,
  { appointmentId, changes, reason }: UpdateRequest,
): Promise<string> {
  const names = Object.keys(changes) as (keyof AppointmentContent)[];
  const fields = [...new Set(names.map((name) => fieldOf[name]))];
  const { connectionId, current, pushes } = await lockForChange(unit, appointmentId);
  if (fields.length === 0) {
    throw new AppError("BAD_USER_INPUT", "Nothing is to be changed", { reason: "NOTHING_TO_CHANGE" });
  }
  await changeAppointment(unit, appointmentId, checkedContent({ ...current, ...changes }), fields);
  return requestPush(context, unit, {
    eventType: "appointment_updated",
    ...{ appointmentId, connectionId, fields, reason, pushes },
  });
}
