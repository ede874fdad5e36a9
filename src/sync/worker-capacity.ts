import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { Logger } from "pino";
import type { EntityManager } from "../database/orm.js";

const renewMs = 5_000;
/** A process that has not renewed for so long no longer counts. */
const leaseSeconds = 15;

/** Tells all processes how many runs this one works on at once, by a lease that ends by itself when the process dies. */
export class WorkerCapacity {
  private readonly id = randomUUID();
  private renewing: NodeJS.Timeout | undefined;

  constructor(
    private readonly systemEm: EntityManager,
    private readonly concurrency: number,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    await this.announce();
    this.renewing = setInterval(() => {
      this.announce().catch(() => {
        this.log.warn("worker: its lease could not be renewed, trying again");
      });
    }, renewMs);
  }

  /** It no longer counts. A database that does not answer lets the lease end by itself. */
  async stop(): Promise<void> {
    clearInterval(this.renewing);
    await sql`delete from across_firms.worker_process where id = ${this.id}`
      .execute(this.systemEm.fork().getKysely())
      .catch(() => undefined);
  }

  private async announce(): Promise<void> {
    await sql`
      insert into across_firms.worker_process (id, concurrency, lease_ends_at)
      values (${this.id}, ${this.concurrency}, now() + make_interval(secs => ${leaseSeconds}))
      on conflict (id) do update set lease_ends_at = excluded.lease_ends_at
    `.execute(this.systemEm.fork().getKysely());
  }
}
