import type { AppointmentToPush, PushOutcome } from "../appointments/pushed-appointment.js";
import { failpoint } from "../failpoints.js";
import { providerFailure } from "../providers/failure.js";
import type { AttemptWriter } from "./attempt-writer.js";
import type { CalendarAccess } from "./calendar-access.js";

/** A key is a random UUID: that even one is taken means that an event was copied with it. */
const mostKeys = 3;

/**
 * One attempt at bringing an appointment to its provider as it is now, whatever the run was made for: what is cancelled here is removed there,
 * what has no event yet gets one under its key, and else the fields that our side has changed are written. Asked again after
 * an answer was lost, it finds what it has done. Throws what stops it; closing the attempt is the caller's.
 */
export class AppointmentPush {
  constructor(
    private readonly access: CalendarAccess,
    private readonly writer: AttemptWriter,
  ) {}

  async run(): Promise<void> {
    let appointment = this.writer.appointmentToPush();
    for (let keys = 1; ; keys += 1) {
      await failpoint("push.before-asking");
      const outcome = await this.push(appointment);
      await failpoint("push.answered");
      if (outcome !== "key taken") {
        await this.writer.finishPush(appointment, outcome, this.access.requestCount);
        return;
      }
      if (keys === mostKeys) throw providerFailure("PROVIDER_CONFLICT");
      appointment = await this.writer.renewEventKey(appointment);
    }
  }

  private async push(appointment: AppointmentToPush): Promise<PushOutcome | "key taken"> {
    if (appointment.fields.length === 0) return { kind: "nothing" };
    if (appointment.isCancelled) return this.remove(appointment);
    return appointment.externalEventId === null
      ? this.create(appointment)
      : this.update(appointment, appointment.externalEventId);
  }

  /** Its event may have been made although the answer was lost; where no key was given out, none was ever asked for. */
  private async remove({ externalEventId, eventKey }: AppointmentToPush): Promise<PushOutcome> {
    const id = externalEventId ?? (eventKey === null ? null : await this.madeUnder(eventKey));
    if (id === null) return { kind: "nothing" };
    await this.access.ask((calendar, accessToken) => calendar.deleteEvent({ accessToken, externalEventId: id }));
    return { kind: "removed" };
  }

  private async madeUnder(eventKey: string): Promise<string | null> {
    const event = await this.access.ask((calendar, accessToken) => calendar.findByKey({ accessToken, eventKey }));
    return event?.externalEventId ?? null;
  }

  private async create({ eventKey, content }: AppointmentToPush): Promise<PushOutcome | "key taken"> {
    if (eventKey === null) throw new Error("An event without a key could be made twice");
    const written = await this.access.ask((calendar, accessToken) =>
      calendar.createEvent({ accessToken, eventKey, content }),
    );
    if (written.kind === "key taken") return "key taken";
    return written.kind === "gone" ? written : { ...written, isNew: true };
  }

  private async update({ content, fields }: AppointmentToPush, externalEventId: string): Promise<PushOutcome> {
    const written = await this.access.ask((calendar, accessToken) =>
      calendar.updateEvent({ accessToken, externalEventId, content, fields }),
    );
    if (written.kind === "key taken") throw new Error("Only a new event has a key that may be taken");
    return written.kind === "gone" ? written : { ...written, isNew: false };
  }
}
