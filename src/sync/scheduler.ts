import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import { fromKysely, type PgBoss } from "pg-boss";
import type { Logger } from "pino";
import { outageLimits } from "../connections/outage-limits.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import type { EntityManager } from "../database/orm.js";
import { syncQueue } from "../database/queue-schema.js";
import type { ProviderName } from "../providers/provider.js";
import type { JobPayload } from "./job-payload.js";
import { jobGroup, priorities } from "./queue.js";

const tickMs = 1000;
const batchSize = 500;

/** While it fails all the time, or a manager has not decided whether most of it is to be cancelled, asking often is of no use. */
const isSlowed = sql<boolean>`connection.circuit_opened_at is not null or exists (
  select from sync_run refused
  where refused.firm_id = connection.firm_id and refused.connection_id = connection.id
    and refused.open_failure_id is not null and refused.error_code = 'MASS_CANCEL'
)`;

interface ScheduledRun {
  firm_id: string;
  id: string;
  job_id: string;
  provider: ProviderName;
  account_email: string;
}

/**
 * Makes the pulls that are due, over all firms, on the system login. Any number of schedulers may run: each takes the
 * connections that no other has in hand.
 */
export class Scheduler {
  private readonly stopping = new AbortController();
  private ticking: Promise<void> = Promise.resolve();

  constructor(
    private readonly systemEm: EntityManager,
    private readonly boss: PgBoss,
    private readonly intervalSeconds: number,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.ticking = this.tickUntilStopped();
  }

  /** Resolves when the tick under way has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ticking;
  }

  private async tickUntilStopped(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const wasFull = await this.tick();
      if (!wasFull) await delay(tickMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Returns whether there may be more that is due. */
  private async tick(): Promise<boolean> {
    try {
      const { due, runs } = await this.scheduleDue();
      if (due > 0) this.log.info({ connections: due, runs }, `scheduler: ${due} connections due, ${runs} pulls queued`);
      return due === batchSize;
    } catch (error) {
      if (!isDatabaseUnavailable(error)) this.log.error({ err: error }, "scheduler: a tick failed");
      else this.log.warn("scheduler: the database did not answer, trying again");
      return false;
    }
  }

  /** Runs and their jobs in one transaction. */
  private scheduleDue(): Promise<{ due: number; runs: number }> {
    return this.systemEm.fork().transactional(async (em) => {
      const due = await this.takeDue(em);
      const runs = due.filter((one): one is ScheduledRun => one.job_id !== null);
      await this.boss.insert(
        syncQueue,
        runs.map((run) => ({
          id: run.job_id,
          data: { firmId: run.firm_id, runId: run.id } satisfies JobPayload,
          priority: priorities.scheduled,
          group: jobGroup(run.firm_id, { provider: run.provider, accountEmail: run.account_email }),
        })),
        { db: fromKysely(em.getKysely()) },
      );
      return { due: due.length, runs: runs.length };
    });
  }

  /**
   * A row for each connection that was due, with the run made or taken up for it. No pull is made beside one that is queued,
   * running or retrying; one that is held, on a connection that is not, is what would be mended by now: it is tried again.
   */
  private async takeDue(em: EntityManager): Promise<(ScheduledRun | { job_id: null })[]> {
    const { rows } = await sql<ScheduledRun | { job_id: null }>`
      with due as (
        select firm_id, id, provider, account_email from calendar_connection where next_pull_at <= now()
        order by next_pull_at limit ${batchSize} for update skip locked
      ),
      postponed as (
        update calendar_connection connection set next_pull_at = now() + make_interval(
          secs => greatest(${this.intervalSeconds}::float8, case when ${isSlowed} then ${outageLimits.slowIntervalSeconds}::float8 end)
        )
        from due where connection.firm_id = due.firm_id and connection.id = due.id
      ),
      active as (
        select run.firm_id, run.connection_id, max(run.id) as newest_id, bool_and(run.status = 'HELD') as is_held
        from due join sync_run run on run.firm_id = due.firm_id and run.connection_id = due.id
        where run.status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD') and run.direction = 'PULL' and run.appointment_id is null
        group by run.firm_id, run.connection_id
      ),
      resumed as (
        update sync_run run set status = 'QUEUED', job_id = gen_random_uuid()
        from active where active.is_held and run.firm_id = active.firm_id and run.id = active.newest_id and run.status = 'HELD'
        returning run.firm_id, run.connection_id, run.id, run.job_id
      ),
      created as (
        insert into sync_run (firm_id, connection_id, operation, direction, trigger, job_id)
        select due.firm_id, due.id, 'LIST_CHANGES', 'PULL', 'SCHEDULE', gen_random_uuid() from due
        where not exists (select from active where active.firm_id = due.firm_id and active.connection_id = due.id)
        on conflict do nothing
        returning firm_id, connection_id, id, job_id
      ),
      run as (select * from resumed union all select * from created)
      select due.firm_id, due.provider, due.account_email, run.id, run.job_id from due left join run on run.firm_id = due.firm_id and run.connection_id = due.id
    `.execute(em.getKysely());
    return rows;
  }
}
