import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";

/** By the database's clock. A process that dies leaves its lease behind for so long. */
const leaseSeconds = 6;
const renewMs = 2_000;

/**
 * The right to refresh a connection's access token, which one process has at a time. No transaction or session is kept for it. A
 * holder that froze may find that another has it by now: what it stores then must be compared with what is stored.
 */
export class RefreshLease {
  private readonly id = randomUUID();
  private renewing: NodeJS.Timeout | undefined;

  constructor(
    private readonly em: EntityManager,
    private readonly firmId: string,
    private readonly connectionId: string,
  ) {}

  /** False while another process has it. Renewed until it is released. */
  async take(): Promise<boolean> {
    const taken = await this.change(
      sql`refresh_lease_id = ${this.id}, refresh_lease_ends_at = ${leaseEnd}`,
      sql`coalesce(refresh_lease_ends_at, '-infinity') <= now()`,
    );
    if (taken) this.renewing = setInterval(() => void this.renew(), renewMs);
    return taken;
  }

  /** Where the database does not answer, it ends by itself. */
  async release(): Promise<void> {
    clearInterval(this.renewing);
    const nobody = sql`refresh_lease_id = null, refresh_lease_ends_at = null`;
    await this.change(nobody, this.isOurs()).catch(() => undefined);
  }

  private async renew(): Promise<void> {
    await this.change(sql`refresh_lease_ends_at = ${leaseEnd}`, this.isOurs()).catch(() => undefined);
  }

  private isOurs() {
    return sql`refresh_lease_id = ${this.id}`;
  }

  private async change(assignments: ReturnType<typeof sql>, condition: ReturnType<typeof sql>): Promise<boolean> {
    const { rows } = await inFirm(this.firmId, () =>
      sql`
        update calendar_credential set ${assignments}
        where firm_id = ${this.firmId} and connection_id = ${this.connectionId} and ${condition} returning 1
      `.execute(this.em.getKysely()),
    );
    return rows.length > 0;
  }
}

const leaseEnd = sql`now() + make_interval(secs => ${leaseSeconds})`;
