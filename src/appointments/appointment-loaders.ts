import { rowById, type BatchScope } from "../graphql/batches.js";
import { Appointment } from "./appointment.entity.js";

export function appointmentLoaders(scope: BatchScope) {
  return { appointment: rowById(scope, Appointment) };
}
