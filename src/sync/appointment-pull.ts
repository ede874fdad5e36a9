import type { AttemptWriter } from "./attempt-writer.js";
import type { CalendarAccess } from "./calendar-access.js";

/**
 * One attempt at a single appointment: asks for its event alone. An event that is gone, in a calendar that is there, cancels the
 * appointment. Throws what stops it; closing the attempt is the caller's.
 */
export class AppointmentPull {
  constructor(
    private readonly access: CalendarAccess,
    private readonly writer: AttemptWriter,
  ) {}

  async run(): Promise<void> {
    const { event, version } = await this.writer.ownEvent();
    const changes = await this.access.ask((calendar, accessToken) =>
      calendar.getEvents({ accessToken, events: [event] }),
    );
    await this.writer.finishAppointment(changes, version, this.access.requestCount);
  }
}
