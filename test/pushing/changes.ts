import type { TestApp } from "../support/app.js";
import { at } from "../support/calendar.js";

/** What a mutation of an appointment answers. */
export interface Changed {
  message: string;
  result: {
    status: string;
    correlationId: string;
    syncedCount: number | null;
    errorCode: string | null;
    nextRetryAt: string | null;
  };
  run: {
    id: string;
    operation: string;
    direction: string;
    trigger: string;
    status: string;
    requestedById: string | null;
    createdCount: number;
    updatedCount: number;
    cancelledCount: number;
    unchangedCount: number;
  };
  appointment: {
    id: string;
    title: string;
    status: string;
    statusReason: string | null;
    startsAt: string;
    endsAt: string;
    isAllDay: boolean;
    timeZone: string | null;
    externalEventId: string | null;
    updatedAt: string;
  };
}

const answer = `{ message
  result { status correlationId syncedCount errorCode nextRetryAt }
  run { id operation direction trigger status requestedById createdCount updatedCount cancelledCount unchangedCount }
  appointment { id title status statusReason startsAt endsAt isAllDay timeZone externalEventId updatedAt } }`;

const mutations = {
  create: `mutation ($connectionId: ID!, $title: String!, $startsAt: DateTime!, $endsAt: DateTime!, $isAllDay: Boolean! = false,
    $timeZone: String, $isTentative: Boolean! = false, $waitSeconds: Int, $reason: String, $idempotencyKey: String) {
    changed: createAppointment(connectionId: $connectionId, title: $title, startsAt: $startsAt, endsAt: $endsAt, isAllDay: $isAllDay,
      timeZone: $timeZone, isTentative: $isTentative, waitSeconds: $waitSeconds, reason: $reason, idempotencyKey: $idempotencyKey) ${answer} }`,
  update: `mutation ($appointmentId: ID!, $title: String, $startsAt: DateTime, $endsAt: DateTime, $isAllDay: Boolean, $timeZone: String,
    $isTentative: Boolean, $waitSeconds: Int, $reason: String, $idempotencyKey: String) {
    changed: updateAppointment(appointmentId: $appointmentId, title: $title, startsAt: $startsAt, endsAt: $endsAt, isAllDay: $isAllDay,
      timeZone: $timeZone, isTentative: $isTentative, waitSeconds: $waitSeconds, reason: $reason, idempotencyKey: $idempotencyKey) ${answer} }`,
  cancel: `mutation ($appointmentId: ID!, $waitSeconds: Int, $reason: String, $idempotencyKey: String) {
    changed: cancelAppointment(appointmentId: $appointmentId, waitSeconds: $waitSeconds, reason: $reason, idempotencyKey: $idempotencyKey)
      ${answer} }`,
};

/** Of an hour, tomorrow. */
export const visit = { title: "Visit", startsAt: at(1, 9), endsAt: at(1, 10) };

/** A manager who changes appointments. */
export class Changes {
  constructor(private readonly app: TestApp) {}

  create(connectionId: string, variables: object = {}, firmId = "1"): Promise<Changed> {
    return this.ask(mutations.create, { ...visit, connectionId, ...variables }, firmId);
  }

  update(appointmentId: string, variables: object, firmId = "1"): Promise<Changed> {
    return this.ask(mutations.update, { appointmentId, ...variables }, firmId);
  }

  cancel(appointmentId: string, variables: object = {}, firmId = "1"): Promise<Changed> {
    return this.ask(mutations.cancel, { appointmentId, ...variables }, firmId);
  }

  private async ask(mutation: string, variables: object, firmId: string): Promise<Changed> {
    return (await this.app.manager<{ changed: Changed }>(mutation, variables, firmId)).changed;
  }
}

/** What the account's calendar shows in the coming weeks: `title startsAt status`. */
export function provided(app: TestApp, account: string): string[] {
  const occurrences = app.simulator.control.occurrences(account, new Date(at(-1)), new Date(at(40)));
  return occurrences.map(({ title, startsAt, status }) => `${title} ${startsAt} ${status}`);
}

/** Requests that would change the account's events, as method and status. */
export function writes(app: TestApp, account: string): string[] {
  return app.simulator.control
    .requests({ account })
    .filter(({ method, url }) => method !== "GET" && url.includes("/events"))
    .map(({ method, status }) => `${method} ${String(status)}`);
}
