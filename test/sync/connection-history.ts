import { setTimeout as delay } from "node:timers/promises";
import { ClientError } from "graphql-request";
import type { FaultInput } from "../../src/simulator/faults.js";
import { until, type TestApp } from "../support/app.js";
import { addEvents, at } from "../support/calendar.js";
import { faults, type Deed } from "./deeds.js";

/** Refusals that an operation may answer with, whatever has happened before. */
const documentedRefusals = ["CONFLICT", "BAD_USER_INPUT", "NOT_REPLAYABLE", "RATE_LIMITED"];

/** The rows that a manager may point at: few, so that deeds meet at the same ones. */
const candidates = {
  appointment: "select id from appointment where connection_id = $1 order by id limit 2",
  attempt: `select id from sync_attempt where connection_id = $1 and (status = 'FAIL' or id % 5 = 0) order by id desc limit 4`,
  run: "select correlation_id as id from sync_run where connection_id = $1 order by id desc limit 4",
};

const mutations = {
  resync: "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { message } }",
  bounded: `mutation ($id: ID!, $start: DateTime, $end: DateTime) {
    resyncConnection(connectionId: $id, startDate: $start, endDate: $end, waitSeconds: 0) { message } }`,
  single: "mutation ($id: ID!) { resyncAppointment(appointmentId: $id, waitSeconds: 0) { message } }",
  replay: "mutation ($id: ID!) { replayAttempt(attemptId: $id, waitSeconds: 0) { message } }",
  cancel: "mutation ($id: ID!) { cancelSyncRun(correlationId: $id) { run { id } } }",
  pause: "mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }",
  resume: "mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }",
  settle: `mutation ($id: ID!) { resyncConnection(connectionId: $id, allowMassCancel: true, waitSeconds: 20) {
    result { status errorCode } } }`,
};

/** One connection that things happen to. */
export class ConnectionHistory {
  private readonly faultIds: number[] = [];
  private slowness: number | null = null;

  private constructor(
    private readonly app: TestApp,
    private readonly account: string,
    private readonly id: string,
    private readonly exchangeWorker: () => Promise<void>,
  ) {}

  /** With appointments and a cursor, and a provider that takes its time, so that things happen while others are under way. */
  static async begin(app: TestApp, account: string, exchangeWorker: () => Promise<void>): Promise<ConnectionHistory> {
    const id = await app.connect(account);
    addEvents(app.simulator, account, 4);
    await app.manager(mutations.settle, { id });
    const history = new ConnectionHistory(app, account, id, exchangeWorker);
    history.beSlow();
    return history;
  }

  async happen(deed: Deed): Promise<void> {
    const { id } = this;
    switch (deed.kind) {
      case "pull":
        await this.app.sql("update calendar_connection set next_pull_at = now() where id = $1 and status = 'ACTIVE'", [
          id,
        ]);
        break;
      case "resync":
      case "pause":
      case "resume":
        await this.ask(mutations[deed.kind], { id });
        break;
      case "bounded":
        await this.ask(mutations.bounded, { id, start: at(deed.fromDay), end: at(deed.fromDay + deed.days) });
        break;
      case "single":
        await this.askAbout("appointment", deed.which, mutations.single);
        break;
      case "replay":
        await this.askAbout("attempt", deed.which, mutations.replay);
        break;
      case "cancel":
        await this.askAbout("run", deed.which, mutations.cancel);
        break;
      case "fault":
        this.addFault({ match: { pathRegex: "/events" }, times: deed.times, then: faults[deed.fault] });
        break;
      case "editEvent":
        this.editEvent(deed.which);
        break;
      case "revoke":
        await this.revoke();
        break;
      case "timePasses":
        await this.timePasses();
        break;
      case "loseWorker":
        await this.loseWorker();
        break;
      case "exchangeWorker":
        await this.exchangeWorker();
        break;
      case "wait":
        await delay(250);
    }
  }

  /**
   * Whatever has happened: once the provider is well, everything goes on and ends, by itself or by a manager's hand.
   * @throws Error when it does not
   */
  async comeToRest(): Promise<void> {
    this.app.simulator.control.clearFaults(this.slowness ?? undefined);
    for (const id of this.faultIds) this.app.simulator.control.clearFaults(id);
    await this.ask(mutations.resume, { id: this.id });
    await until(async () => {
      await this.timePasses();
      const unfinished = "connection_id = $1 and status in ('QUEUED', 'RUNNING', 'RETRYING')";
      return (await this.app.sql(`select from sync_run where ${unfinished}`, [this.id])).length === 0;
    });
  }

  /** One full round settles what has come to rest, unless access is gone. @throws Error when it does not */
  async settle(): Promise<void> {
    if (this.isRevoked()) return;
    await this.cancelHeld();
    const { resyncConnection } = await this.app.manager<{ resyncConnection: { result: { status: string } } }>(
      mutations.settle,
      { id: this.id },
    );
    const { syncStatus } = await this.app.manager<{
      syncStatus: { health: string; statistics: { openFailures: number } };
    }>("query ($id: ID!) { syncStatus(connectionId: $id) { health statistics { openFailures } } }", { id: this.id });
    const seen = [resyncConnection.result.status, syncStatus.health, syncStatus.statistics.openFailures].join();
    if (seen !== "SUCCESS,HEALTHY,0") throw new Error(`a full round has not settled everything: ${seen}`);
  }

  private addFault({ match, ...fault }: FaultInput): void {
    const { control } = this.app.simulator;
    this.faultIds.push(control.addFault({ ...fault, match: { ...match, account: this.account } }).id);
    this.beSlow();
  }

  /** Faults apply in the order in which they were added: the slowness comes after all others. */
  private beSlow(): void {
    const { control } = this.app.simulator;
    if (this.slowness !== null) control.clearFaults(this.slowness);
    this.slowness = control.addFault({ match: { account: this.account }, times: null, then: { delayMs: 80 } }).id;
  }

  private async ask(mutation: string, variables: object): Promise<void> {
    try {
      await this.app.manager(mutation, variables);
    } catch (error) {
      const code = error instanceof ClientError ? error.response.errors?.[0]?.extensions["code"] : null;
      if (!documentedRefusals.includes(String(code))) throw error;
    }
  }

  /** Asks about one of the connection's rows; nothing where it has none. */
  private async askAbout(rowsOf: keyof typeof candidates, which: number, mutation: string): Promise<void> {
    const rows = await this.app.sql<{ id: string }>(candidates[rowsOf], [this.id]);
    const row = rows[which % Math.max(rows.length, 1)];
    if (row) await this.ask(mutation, { id: row.id });
  }

  private editEvent(which: number): void {
    const { control } = this.app.simulator;
    const events = control.occurrences(this.account, new Date(at(-1)), new Date(at(20)));
    const event = events[which % Math.max(events.length, 1)];
    if (!event) return;
    const times = { start: { dateTime: at(which % 5, 9) }, end: { dateTime: at(which % 5, 10) } };
    if (which % 7 === 0) control.deleteEvent(this.account, event.id);
    else control.updateEvent(this.account, event.id, times);
  }

  private async revoke(): Promise<void> {
    this.app.simulator.control.setRevoked(this.account, true);
    this.app.simulator.control.expireAccessTokens(this.account);
    await this.app.sql(
      "update calendar_credential set access_token = null, access_token_expires_at = null where connection_id = $1",
      [this.id],
    );
  }

  private isRevoked(): boolean {
    const { accounts } = this.app.simulator.control.state();
    return accounts.some(({ email, isRevoked }) => email === this.account && isRevoked);
  }

  /** What was to come later is due now. */
  private async timePasses(): Promise<void> {
    await this.app.sql(
      `with due as (
         update sync_run set next_retry_at = now() where connection_id = $1 and status = 'RETRYING'
         returning open_failure_id, next_retry_at
       ), failure as (
         update sync_attempt a set next_retry_at = due.next_retry_at from due where a.id = due.open_failure_id
       ), allowed as (
         update sync_attempt a set provider_retry_at = now() from sync_run r
         where r.connection_id = $1 and r.open_failure_id = a.id and r.status <> 'RETRYING' and a.provider_retry_at > now()
       )
       update pgboss.job j set start_after = now() from sync_run r
       where r.connection_id = $1 and r.job_id = j.id and j.state = 'created' and j.start_after > now()`,
      [this.id],
    );
  }

  /** As when a worker's heart has not beaten for too long: its job is handed out again while it may still be alive. */
  private async loseWorker(): Promise<void> {
    for (let looks = 0; looks < 5; looks += 1) {
      const lost = await this.app.sql(
        `update pgboss.job j set state = 'retry', start_after = now() from sync_run r
         where r.connection_id = $1 and r.status = 'RUNNING' and r.job_id = j.id and j.state = 'active' returning j.id`,
        [this.id],
      );
      if (lost.length > 0) return;
      await delay(25);
    }
  }

  private async cancelHeld(): Promise<void> {
    const held = await this.app.sql<{ id: string }>(
      "select correlation_id as id from sync_run where connection_id = $1 and status = 'HELD'",
      [this.id],
    );
    for (const { id } of held) await this.app.manager(mutations.cancel, { id });
  }
}
