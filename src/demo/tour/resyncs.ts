import { z } from "zod";
import type { Tour } from "./tour.js";

const run = z.object({
  createdCount: z.int(),
  updatedCount: z.int(),
  cancelledCount: z.int(),
  unchangedCount: z.int(),
});
const result = z.object({ status: z.string(), syncedCount: z.int().nullable() });
const resync = z.object({ resyncConnection: z.object({ result, run }) });
const fields =
  "message result { status correlationId syncedCount } run { createdCount updatedCount cancelledCount unchangedCount }";

export async function resyncTheConnection(tour: Tour): Promise<void> {
  tour.heading("Sync a whole connection again");
  const { resyncConnection } = await tour.ask(
    `mutation { resyncConnection(connectionId: 123, waitSeconds: 25, reason: "after the move") { ${fields} } }`,
    resync,
  );
  tour.deeds.add("calendar_connection_resync_requested");
  tour.check("it has succeeded", resyncConnection.result.status === "SUCCESS");
  tour.check("every appointment was read anew", seen(resyncConnection.run) > 0);
}

const town = "town@example.com";
const year = { from: new Date("2025-01-01T00:00:00Z"), to: new Date("2026-01-01T00:00:00Z") };

export async function resyncAYear(tour: Tour): Promise<void> {
  tour.heading("Sync one year of it again: 2025");
  const { resyncConnection } = await tour.ask(
    `mutation { resyncConnection(connectionId: 123, startDate: "2025-01-01T00:00:00Z", endDate: "2026-01-01T00:00:00Z", waitSeconds: 25) { ${fields} } }`,
    resync,
  );
  const expected = await tour.simulator.occurrences(town, town, year.from, year.to);
  tour.check("it has succeeded", resyncConnection.result.status === "SUCCESS");
  tour.check(
    `it has seen the ${expected.length} appointments that the provider has in 2025`,
    seen(resyncConnection.run) === expected.length,
  );
}

const appointment = z.object({
  resyncAppointment: z.object({ externalEventId: z.string(), result: z.object({ status: z.string() }) }),
});

export async function resyncOneAppointment(tour: Tour): Promise<void> {
  tour.heading("Sync one appointment again: 456");
  const { resyncAppointment } = await tour.ask(
    "mutation { resyncAppointment(appointmentId: 456, waitSeconds: 25) { message externalEventId result { status } appointment { title startsAt status } } }",
    appointment,
  );
  tour.deeds.add("appointment_resync_requested");
  tour.check("it has succeeded", resyncAppointment.result.status === "SUCCESS");
}

function seen({ createdCount, updatedCount, unchangedCount }: z.output<typeof run>): number {
  return createdCount + updatedCount + unchangedCount;
}
