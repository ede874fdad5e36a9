import { randomUUID } from "node:crypto";
import { ClientError, type GraphQLClient } from "graphql-request";
import pRetry from "p-retry";
import type { ProviderName } from "../../src/providers/provider.js";
import type { TestApp } from "../support/app.js";
import type { AccountScenario } from "../../src/simulator/scenario.js";
import { CalendarModel, type ModelEvent, type Target, type Waiting } from "./calendar-model.js";
import { CalendarUser } from "./calendar-user.js";
import { faults, type Command, type CommandKind } from "./commands.js";
import type { Quiet } from "./quiet.js";
import type { Tally } from "./tally.js";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Their answers are not waited for: a history waits until nothing of its connection is under way any more. */
const mutations = {
  resync: `mutation ($key: String!, $id: ID!, $start: DateTime, $end: DateTime) { asked: resyncConnection(connectionId: $id, startDate: $start, endDate: $end,
    allowMassCancel: true, waitSeconds: 0, idempotencyKey: $key) { result { status } } }`,
  single:
    "mutation ($key: String!, $id: ID!) { asked: resyncAppointment(appointmentId: $id, waitSeconds: 0, idempotencyKey: $key) { result { status } } }",
  replay:
    "mutation ($key: String!, $id: ID!) { asked: replayAttempt(attemptId: $id, waitSeconds: 0, idempotencyKey: $key) { result { status } } }",
  create: `mutation ($key: String!, $id: ID!, $title: String!, $start: DateTime!, $end: DateTime!, $isAllDay: Boolean!) { asked: createAppointment(connectionId: $id,
    title: $title, startsAt: $start, endsAt: $end, isAllDay: $isAllDay, waitSeconds: 0, idempotencyKey: $key) { appointment { id } } }`,
  update: `mutation ($key: String!, $id: ID!, $title: String, $start: DateTime, $end: DateTime) { asked: updateAppointment(appointmentId: $id,
    title: $title, startsAt: $start, endsAt: $end, waitSeconds: 0, idempotencyKey: $key) { appointment { id } } }`,
  cancel:
    "mutation ($key: String!, $id: ID!) { asked: cancelAppointment(appointmentId: $id, waitSeconds: 0, idempotencyKey: $key) { appointment { id } } }",
};

/** Refusals that an operation may answer with, whatever has happened before. */
const documentedRefusals = ["CONFLICT", "BAD_USER_INPUT", "NOT_REPLAYABLE", "RATE_LIMITED"];

interface Appointment {
  id: string;
  external_event_id: string | null;
  starts_at: Date;
  ends_at: Date;
  is_all_day: boolean;
}

interface Failure {
  id: string;
  operation: string;
  direction: string;
  error_code: string;
}

/** What a history happens in; all but the firm is what the histories of an installation share. */
export interface HistoryParts {
  app: TestApp;
  firmId: string;
  /** Of the firm. */
  manager: GraphQLClient;
  quiet: Quiet;
  tally: Tally;
}

/** A calendar of one user, its connection, and what must be in both. */
export class History {
  private readonly model: CalendarModel;
  private readonly user: CalendarUser;
  /** What our side has made or changed and does not know to be at the provider, by appointment. */
  private readonly unsettled = new Map<string, Target>();
  private readonly ownEvents = new Map<string, ModelEvent>();
  private readonly addedFaults: { id: number; name: string; times: number }[] = [];

  private constructor(
    private readonly parts: HistoryParts,
    private readonly account: string,
    private readonly connection: string,
    today: number,
    firstDay: number,
  ) {
    this.model = new CalendarModel(today + 250 * dayMs);
    this.user = new CalendarUser(parts.app.simulator.control, account, this.model, today, firstDay);
  }

  static async begin(
    parts: HistoryParts,
    who: { account: string; provider: ProviderName; today: number; firstDay: number; habits: Partial<AccountScenario> },
  ): Promise<History> {
    const { control } = parts.app.simulator;
    control.addAccount(who.account, { provider: who.provider === "GOOGLE" ? "google" : "microsoft" });
    control.setAccountScenario(who.account, who.habits);
    const connection = await parts.app.connect(who.account, parts.firmId, who.provider);
    return new History(parts, who.account, connection, who.today, who.firstDay);
  }

  /** Something to begin with, on both sides. */
  async prepare(): Promise<void> {
    this.user.create(3);
    this.user.create(8, "allDay");
    this.user.createSeries(1, 3);
    await this.pull();
  }

  async happen(command: Command): Promise<void> {
    if (command.kind === "fault") {
      this.addFault(command);
      return;
    }
    this.parts.tally.add(command.kind);
    await this.deeds[command.kind](command.which, command.amount);
  }

  /** Without faults any more: everything that waits is done, and a last pull of changes tells what is left. */
  async comeToRest(): Promise<void> {
    this.clearFaults();
    await this.settle();
    await this.recover();
    await this.pull();
    await this.allowMassCancel();
    const [failure] = await this.failures();
    if (failure) throw new Error(`a failure stays open though the provider is well: ${JSON.stringify(failure)}`);
  }

  /** What is stored though it has never been within the connection's window. */
  async strangers(): Promise<string[]> {
    const rows = await this.parts.app.sql<{ title: string }>(
      "select title from appointment where connection_id = $1 and title = any($2)",
      [this.connection, this.model.strangers()],
    );
    return rows.map(({ title }) => title);
  }

  /** What the model says, what the provider shows and what is stored, each within the connection's window. */
  async compare(): Promise<{ model: string[]; provider: string[]; stored: string[] }> {
    const [window] = await this.parts.app.sql<{ window_start: Date; window_end: Date }>(
      "select window_start, window_end from calendar_connection where id = $1",
      [this.connection],
    );
    if (!window?.window_start) throw new Error("it has never been pulled");
    const { window_start: from, window_end: to } = window;
    return {
      model: this.model.expected(from.getTime(), to.getTime()),
      provider: this.user.occurrences(from, to),
      stored: await this.stored(from, to),
    };
  }

  private readonly deeds: Record<CommandKind, (which: number, amount: number) => unknown> = {
    create: (_, amount) => this.user.create(amount),
    createAllDay: (_, amount) => this.user.create(amount, "allDay"),
    createWithoutLength: (_, amount) => this.user.create(amount, "withoutLength"),
    createOutside: (_, amount) => this.user.create(amount, "outside"),
    createSeries: (which, amount) => this.user.createSeries(which, amount),
    retitle: (which) => this.user.retitle(which),
    retitleSeries: (which) => {
      this.user.retitleSeries(which);
    },
    move: (which, amount) => this.user.move(which, amount),
    moveOut: (which, amount) => {
      this.user.moveOut(which, amount);
    },
    moveIn: (which, amount) => {
      this.user.moveIn(which, amount);
    },
    moveInstance: (which, amount) => this.user.moveInstance(which, amount),
    cancelInstance: (which, amount) => {
      this.user.cancelInstance(which, amount);
    },
    deleteEvent: (which) => {
      this.user.deleteEvent(which);
    },
    deleteSeries: (which) => {
      this.user.deleteSeries(which);
    },
    split: (which, amount) => {
      this.user.split(which, amount);
    },
    callOff: (which) => {
      this.user.callOff(which);
    },
    expireCursor: () => {
      this.parts.app.simulator.control.expireSyncTokens(this.account);
    },
    pull: () => this.pull(),
    resync: () => this.ask(mutations.resync, { id: this.connection }),
    boundedResync: (which, amount) => {
      const start = this.user.inside(which, true);
      const bounds = { start: new Date(start), end: new Date(start + (1 + (amount % 9)) * dayMs) };
      return this.ask(mutations.resync, { id: this.connection, ...bounds });
    },
    singleResync: async (which) => {
      const appointment = await this.appointment(which);
      if (appointment) await this.ask(mutations.single, { id: appointment.id });
    },
    replay: () => this.replayFailure(),
    createHere: (_, amount) => this.createHere(amount),
    retitleHere: (which) => this.updateHere(which, { title: this.user.newTitle() }),
    moveHere: (which, amount) => this.moveHere(which, amount),
    cancelHere: (which) => this.cancelHere(which),
    changeBoth: (which, amount) => this.changeBoth(which, amount),
    removeWhileWaiting: (which) => this.removeWhileWaiting(which),
  };

  private addFault({ fault, on, times }: Extract<Command, { kind: "fault" }>): void {
    const { app, tally } = this.parts;
    const methods = on === "reads" ? ["GET"] : ["POST", "PATCH", "PUT", "DELETE"];
    const name = `${fault} on ${on}`;
    tally.add(name);
    for (const method of methods) {
      const match = { account: this.account, method, pathRegex: "/(events|calendarView)" };
      const { id } = app.simulator.control.addFault({ ...faults[fault], match, times });
      this.addedFaults.push({ id, name, times });
    }
  }

  private clearFaults(): void {
    const { control } = this.parts.app.simulator;
    const left = new Map(control.world.faults.active().map(({ id, timesLeft }) => [id, timesLeft ?? 0]));
    for (const { id, name, times } of this.addedFaults.splice(0)) {
      this.parts.tally.struck(name, times - (left.get(id) ?? 0));
      control.clearFaults(id);
    }
  }

  private async pull(): Promise<void> {
    await this.parts.app.sql("update calendar_connection set next_pull_at = now() where id = $1", [this.connection]);
    await this.settle();
  }

  /** Asks as a manager, and waits until nothing of the connection is under way. */
  private async ask(mutation: string, variables: object): Promise<void> {
    await this.request(mutation, variables);
    await this.settle();
  }

  /** Null where it was refused, as it may be. What a busy machine could not do for now is asked for again, under the same key. */
  private async request<T>(mutation: string, variables: object): Promise<T | null> {
    const keyed = { ...variables, key: randomUUID() };
    try {
      const ask = () => this.parts.manager.request<{ asked: T }>(mutation, keyed);
      return (await pRetry(ask, { retries: 5, shouldRetry: ({ error }) => codeOf(error) === "UNAVAILABLE" })).asked;
    } catch (error) {
      if (!documentedRefusals.includes(codeOf(error))) throw error;
      return null;
    }
  }

  /** What has been pushed is no longer ours: later changes of the calendar's user count. */
  private async settle(): Promise<void> {
    await this.parts.quiet.of(this.parts.firmId);
    if (this.unsettled.size === 0) return;
    const rows = await this.parts.app.sql<{ id: string; external_event_id: string | null }>(
      `select a.id, a.external_event_id from appointment a join lateral (
         select status from sync_run r where r.appointment_id = a.id and r.direction = 'PUSH' order by r.id desc limit 1
       ) run on run.status = 'SUCCEEDED' where a.id = any($1)`,
      [[...this.unsettled.keys()]],
    );
    for (const { id, external_event_id: externalId } of rows) this.told(id, externalId);
  }

  private told(appointment: string, externalId: string | null): void {
    const target = this.unsettled.get(appointment);
    this.unsettled.delete(appointment);
    if (!target) return;
    target.event.id ??= externalId;
    this.model.told(target);
  }

  private async createHere(amount: number): Promise<void> {
    const isAllDay = amount % 4 === 0;
    const start = this.user.inside(amount, isAllDay);
    const content = { title: this.user.newTitle(), start, end: start + (isAllDay ? dayMs : hourMs), isAllDay };
    const variables = { ...content, start: new Date(start), end: new Date(content.end), id: this.connection };
    const event = this.model.add({ content });
    const made = await this.request<{ appointment: { id: string } }>(mutations.create, variables);
    if (!made) throw new Error("an appointment could not be made");
    this.ownEvents.set(made.appointment.id, event);
    this.want(made.appointment.id, { event, original: null }, {});
    await this.settle();
  }

  private async moveHere(which: number, amount: number): Promise<void> {
    const appointment = await this.appointment(which);
    if (!appointment) {
      await this.createHere(amount);
      return;
    }
    const { starts_at: starts, ends_at: ends, is_all_day: isAllDay } = appointment;
    if (isAllDay && this.targetOf(appointment)?.original !== null) {
      await this.change(appointment, { title: this.user.newTitle() }); // among the days of a series there is no room
      return;
    }
    const length = Math.max(ends.getTime() - starts.getTime(), hourMs);
    const step = isAllDay ? (1 + (amount % 3)) * dayMs : amount % 3 === 0 ? -hourMs : hourMs;
    const start = starts.getTime() + step;
    await this.change(appointment, { start, end: start + length });
  }

  private async updateHere(which: number, changes: Waiting): Promise<void> {
    const appointment = await this.appointment(which);
    if (appointment) await this.change(appointment, changes);
    else await this.createHere(which);
  }

  private async change(appointment: Appointment, changes: Waiting): Promise<void> {
    const target = this.targetOf(appointment);
    const { title, start, end } = changes;
    const times = start === undefined || end === undefined ? {} : { start: new Date(start), end: new Date(end) };
    const answer = await this.request(mutations.update, { id: appointment.id, title, ...times });
    const { is_all_day: isAllDay } = appointment;
    if (target && answer)
      this.want(appointment.id, target, { ...changes, ...(start === undefined ? {} : { isAllDay }) });
    await this.settle();
  }

  private async cancelHere(which: number): Promise<void> {
    const appointment = await this.appointment(which);
    if (!appointment) return;
    const target = this.targetOf(appointment);
    const answer = await this.request(mutations.cancel, { id: appointment.id });
    if (target && answer) this.want(appointment.id, target, { isCancelled: true });
    await this.settle();
  }

  /** Each side changes the same before it knows of the other's change: ours counts for what ours has changed. */
  private async changeBoth(which: number, amount: number): Promise<void> {
    const appointment = await this.appointment(which);
    const target = appointment && this.targetOf(appointment);
    if (!appointment || !target || !this.isShared(target)) return;
    this.user.change(target, { title: this.user.newTitle() });
    if (amount % 2 === 0) await this.change(appointment, { title: this.user.newTitle() });
    else await this.moveHere(which, amount);
  }

  private async removeWhileWaiting(which: number): Promise<void> {
    const appointment = await this.appointment(which);
    const target = appointment && this.targetOf(appointment);
    if (!appointment || !target || !this.isShared(target)) return;
    const ids = ["GET", "PATCH"].map(
      (method) =>
        this.parts.app.simulator.control.addFault({
          match: { account: this.account, method },
          times: 9,
          ...faults.unavailable,
        }).id,
    );
    await this.change(appointment, { title: this.user.newTitle() });
    for (const id of ids) this.parts.app.simulator.control.clearFaults(id);
    if (this.isShared(target)) this.user.delete(target);
  }

  /** Both the provider and we have it. */
  private isShared(target: Target): boolean {
    return target.event.id !== null && this.model.contentOf(target) !== null;
  }

  /** Before the connection has come to rest the change counts as not pushed. */
  private want(appointment: string, target: Target, wanted: Waiting): void {
    this.model.want(target, wanted);
    this.unsettled.set(appointment, target);
  }

  private targetOf({ id, external_event_id: externalId }: Appointment): Target | null {
    const own = this.ownEvents.get(id);
    if (own) return { event: own, original: null };
    return externalId === null ? null : this.user.targetOf(externalId);
  }

  private async appointment(which: number): Promise<Appointment | undefined> {
    const rows = await this.parts.app.sql<Appointment>(
      `select id, external_event_id, starts_at, ends_at, is_all_day from appointment
       where connection_id = $1 and status <> 'CANCELLED' order by id`,
      [this.connection],
    );
    return rows[which % Math.max(rows.length, 1)];
  }

  /** The newest failure; where there is none one is made. */
  private async replayFailure(): Promise<void> {
    if ((await this.failures()).length === 0) {
      this.addFault({ kind: "fault", fault: "unavailable", on: "reads", times: 2 });
      await this.ask(mutations.resync, { id: this.connection });
    }
    const [newest] = await this.failures();
    if (newest) await this.ask(mutations.replay, { id: newest.id });
  }

  private failures(): Promise<Failure[]> {
    return this.parts.app.sql<Failure>(
      `select a.id, a.operation, a.direction, a.error_code from sync_run r join sync_attempt a on a.id = r.open_failure_id
       where r.connection_id = $1 and r.status = 'FAILED' order by a.id desc`,
      [this.connection],
    );
  }

  /** The next pull covers failed ones, a full round every other failure to read; a push that fails again and again is one for the manager. */
  private async recover(): Promise<void> {
    const failed = (await this.failures()).filter(({ operation }) => operation !== "LIST_CHANGES");
    const isRead = failed.some(({ direction }) => direction === "PULL");
    if (isRead) await this.ask(mutations.resync, { id: this.connection });
    for (const { id, direction } of failed) if (direction === "PUSH") await this.ask(mutations.replay, { id });
  }

  /** That so much is to be cancelled is for the manager to say. */
  private async allowMassCancel(): Promise<void> {
    const failed = await this.failures();
    const isRefused = failed.some(({ error_code: code }) => code === "MASS_CANCEL");
    if (isRefused) await this.ask(mutations.resync, { id: this.connection });
  }

  private async stored(from: Date, to: Date): Promise<string[]> {
    const rows = await this.parts.app.sql<{ line: string }>(
      `select concat_ws(' ', title, to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), case when is_all_day then 'all day' else 'timed' end) as line
       from appointment where connection_id = $1 and status <> 'CANCELLED' and starts_at < $3
         and (ends_at > $2 or (ends_at = starts_at and starts_at >= $2))`,
      [this.connection, from, to],
    );
    return rows.map(({ line }) => line).sort();
  }
}

/** The code of a refusal; "undefined" where it is none. */
function codeOf(error: unknown): string {
  return String(error instanceof ClientError ? error.response.errors?.[0]?.extensions["code"] : undefined);
}
