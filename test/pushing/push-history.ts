import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { ClientError } from "graphql-request";
import type { ProviderName } from "../../src/providers/provider.js";
import { until, type TestApp } from "../support/app.js";
import { addEvent, addEvents, at } from "../support/calendar.js";
import { letTimePass } from "../support/manager.js";
import { storedAndProvided } from "../support/stored.js";
import { Changes } from "./changes.js";

const which = fc.nat(6);
const plain = <Kind extends string>(kind: Kind) => fc.constant({ kind });

const deed = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("create" as const), day: fc.nat(5) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("update" as const),
      which,
      change: fc.constantFrom<object>(
        { title: "Ours" },
        { title: "Ours again" },
        { startsAt: at(3, 7), endsAt: at(3, 8) },
        { isTentative: true },
        { isTentative: false, title: "Ours, surely" },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("rename" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), which }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      method: fc.constantFrom("GET", "POST", "PATCH", "DELETE"),
      when: fc.constantFrom("before" as const, "after" as const),
      then: fc.constantFrom<object>({ destroy: true }, { status: 503, body: "down" }, { delayMs: 250 }),
      times: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 4, arbitrary: plain("pull") },
  { weight: 4, arbitrary: plain("wait") },
  { weight: 1, arbitrary: plain("resync") },
  { weight: 2, arbitrary: plain("loseWorker") },
  { weight: 2, arbitrary: plain("timePasses") },
  { weight: 2, arbitrary: plain("resume") },
  { weight: 1, arbitrary: plain("pause") },
);

export type Deed = typeof deed extends fc.Arbitrary<infer Value> ? Value : never;

export const deeds: fc.Arbitrary<Deed[]> = fc.array(deed, { minLength: 15, maxLength: 40 });

/** What an operation may be refused with, whatever has happened before. */
const documentedRefusals = ["CONFLICT", "BAD_USER_INPUT"];

const mutations = {
  pause: "mutation ($id: ID!) { pauseConnection(connectionId: $id) { id } }",
  resume: "mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }",
  resync: "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { message } }",
};
const notYet = { waitSeconds: 0 };

/** One connection whose appointments are changed here and there, while requests, answers and workers are lost. */
export class PushHistory {
  private readonly changes: Changes;
  private readonly faultIds: number[] = [];
  private slowness: number | null = null;
  /** As many appointments as somebody has made, here or there. */
  private made = 3;

  private constructor(
    private readonly app: TestApp,
    private readonly account: string,
    private readonly id: string,
  ) {
    this.changes = new Changes(app);
  }

  /** Three events of the calendar's user, pulled. */
  static async begin(app: TestApp, account: string, provider: ProviderName): Promise<PushHistory> {
    const id = await app.connect(account, "1", provider);
    addEvents(app.simulator, account, 3);
    await app.manager("mutation ($id: ID!) { resyncConnection(connectionId: $id) { message } }", { id });
    const history = new PushHistory(app, account, id);
    history.beSlow();
    return history;
  }

  async happen(deed: Deed): Promise<void> {
    const { app, id, account } = this;
    switch (deed.kind) {
      case "create":
        return this.ask(async () => {
          await this.changes.create(id, { startsAt: at(deed.day, 14), endsAt: at(deed.day, 15), ...notYet });
          this.made += 1;
        });
      case "update":
        return this.about(deed.which, (appointment) => this.changes.update(appointment, { ...deed.change, ...notYet }));
      case "cancel":
        return this.about(deed.which, (appointment) => this.changes.cancel(appointment, notYet));
      case "rename":
      case "remove":
        this.touch(deed);
        return;
      case "fault": {
        const { method, when, then, times } = deed;
        const match = { account, method, pathRegex: "/events|calendarView" };
        this.faultIds.push(app.simulator.control.addFault({ match, when, then, times }).id);
        this.beSlow();
        return;
      }
      case "pull":
        await app.sql("update calendar_connection set next_pull_at = now() where id = $1 and status = 'ACTIVE'", [id]);
        return;
      case "wait":
        return delay(150);
      case "timePasses":
        return letTimePass(app, id);
      case "loseWorker":
        return this.loseWorker();
      case "pause":
      case "resume":
      case "resync":
        return this.ask(() => app.manager(mutations[deed.kind], { id }));
    }
  }

  /**
   * Once the provider is well, everything that our side has changed is at the provider, and what is stored is what that has.
   * @throws Error when it is not
   */
  async comeToRest(): Promise<void> {
    const { app, id } = this;
    for (const fault of [...this.faultIds, this.slowness]) if (fault !== null) app.simulator.control.clearFaults(fault);
    await this.ask(() => app.manager(mutations.resume, { id }));
    await until(async () => {
      await letTimePass(app, id);
      await this.wakeFailedPushes();
      return (await this.unsettled()) === 0;
    });
    await app.sql("update calendar_connection set next_pull_at = null where id = $1", [id]);
    await this.pullOnce(); // what was changed at the end
    await this.expectNothingNew();
    const rows = await app.sql("select from appointment where connection_id = $1", [id]);
    if (rows.length > this.made) throw new Error(`of ${this.made} appointments ${rows.length} have become`);
    const { stored, provided } = await storedAndProvided(app, id);
    if (stored.join("\n") !== provided.join("\n")) {
      throw new Error(`stored:\n${stored.join("\n")}\nprovided:\n${provided.join("\n")}`);
    }
  }

  /** A success of the connection has them tried again; what has failed as a recovery has rested. */
  private async wakeFailedPushes(): Promise<void> {
    const { app, id } = this;
    const failed = await app.sql(
      `update sync_run set finished_at = finished_at - interval '1 hour'
       where connection_id = $1 and direction = 'PUSH' and status = 'FAILED' returning id`,
      [id],
    );
    if (failed.length > 0) await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [id]);
  }

  private async unsettled(): Promise<number> {
    const rows = await this.app.sql(
      `select id from sync_run where connection_id = $1
         and (status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD') or (direction = 'PUSH' and open_failure_id is not null))
       union all select id from appointment where connection_id = $1 and unpushed_fields <> '{}'`,
      [this.id],
    );
    return rows.length;
  }

  private async pullOnce(): Promise<{ changed: number; status: string }> {
    const run = await this.app.pull(this.id);
    const [row] = await this.app.sql<{ changed: number; status: string }>(
      "select status, created_count + updated_count + cancelled_count as changed from sync_run where id = $1",
      [run],
    );
    return { changed: Number(row?.changed), status: String(row?.status) };
  }

  private async expectNothingNew(): Promise<void> {
    const { changed, status } = await this.pullOnce();
    if (status !== "SUCCEEDED" || changed > 0)
      throw new Error(`the last pull ${status} and changed ${changed} appointments`);
  }

  /** So that things happen while others are under way. Faults apply in the order in which they were added: this one comes last. */
  private beSlow(): void {
    const { control } = this.app.simulator;
    if (this.slowness !== null) control.clearFaults(this.slowness);
    this.slowness = control.addFault({ match: { account: this.account }, times: null, then: { delayMs: 60 } }).id;
  }

  private async ask(asked: () => Promise<unknown>): Promise<void> {
    try {
      await asked();
    } catch (error) {
      const code = error instanceof ClientError ? error.response.errors?.[0]?.extensions["code"] : null;
      if (!documentedRefusals.includes(String(code))) throw error;
    }
  }

  private async about(which: number, asked: (appointment: string) => Promise<unknown>): Promise<void> {
    const rows = await this.app.sql<{ id: string }>(
      "select id from appointment where connection_id = $1 and status <> 'CANCELLED' order by id",
      [this.id],
    );
    const row = rows[which % Math.max(rows.length, 1)];
    if (row) await this.ask(() => asked(row.id));
  }

  /** What the calendar's user does. */
  private touch(deed: { kind: "rename" | "remove"; which: number }): void {
    const { control } = this.app.simulator;
    const events = control.occurrences(this.account, new Date(at(-1)), new Date(at(20)));
    const event = events[deed.which % Math.max(events.length, 1)];
    if (!event) {
      addEvent(this.app.simulator, this.account, "Another");
      this.made += 1;
    } else if (deed.kind === "remove") control.deleteEvent(this.account, event.id);
    else control.updateEvent(this.account, event.id, { title: `Theirs ${deed.which}` });
  }

  /** As when a worker's heart has not beaten for too long: its job is handed out again while it may still be alive. */
  private async loseWorker(): Promise<void> {
    await this.app.sql(
      `update pgboss.job j set state = 'retry', start_after = now() from sync_run r
       where r.connection_id = $1 and r.job_id = j.id and j.state = 'active' and r.lost_workers < 2`,
      [this.id],
    );
  }
}
