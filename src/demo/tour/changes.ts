import { z } from "zod";
import type { Tour } from "./tour.js";

const town = "town@example.com";
const dayMs = 24 * 60 * 60 * 1000;

const created = z.object({
  createAppointment: z.object({
    result: z.object({ status: z.string() }),
    appointment: z.object({ id: z.string(), externalEventId: z.string().nullable() }),
  }),
});

export async function makeAnAppointment(tour: Tour): Promise<void> {
  tour.heading("Make an appointment, and see it in the calendar");
  const day = new Date(Math.ceil(Date.now() / dayMs) * dayMs);
  const at = (hour: number): string => new Date(day.getTime() + hour * 60 * 60 * 1000).toISOString();
  const { createAppointment } = await tour.ask(
    `mutation { createAppointment(connectionId: 123, title: "Inspection", startsAt: "${at(15)}", endsAt: "${at(16)}") { message result { status } appointment { id externalEventId } } }`,
    created,
  );
  tour.deeds.add("appointment_created");
  tour.check("the calendar has it", createAppointment.result.status === "SUCCESS");
  const events = await tour.simulator.occurrences(town, town, day, new Date(day.getTime() + dayMs));
  tour.check(
    "once, under the id that the appointment has",
    events.filter(({ id }) => id === createAppointment.appointment.externalEventId).length === 1,
  );
}
