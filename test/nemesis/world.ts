import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { isDatabaseUnavailable } from "../../src/database/availability.js";
import type { FaultEffect } from "../../src/simulator/faults.js";
import { newInstallation, TestApp, type Installation } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { CrashingPostgres } from "../support/crashing-postgres.js";

/** A connection that things happen to. */
export interface NemesisConnection {
  id: string;
  account: string;
}

const eventsPerCalendar = 24;
/** Every request takes so long, so that things happen while others are under way. */
const providerDelayMs = 50;

/** An installation on a PostgreSQL of its own that may crash, with connections of both providers. */
export class NemesisWorld {
  private slowness: number | null = null;

  private constructor(
    readonly postgres: CrashingPostgres,
    private readonly installation: Installation,
    /** The API in this process, which survives everything. */
    readonly app: TestApp,
    readonly connections: readonly NemesisConnection[],
  ) {}

  static async start(connections: number): Promise<NemesisWorld> {
    const postgres = await CrashingPostgres.start();
    const installation = await newInstallation(postgres.database);
    const app = await TestApp.start({ installation, environment: { ROLES: "api" } });
    installation.simulator.control.setScenario({ pages: "empty" }); // more pages a round
    const made: NemesisConnection[] = [];
    for (let number = 1; number <= connections; number += 1) {
      const account = `nemesis${number}@example.com`;
      const id = await app.connect(account, String(1 + (number % 3)), number % 2 === 0 ? "MICROSOFT" : "GOOGLE");
      addEvents(installation.simulator, account, eventsPerCalendar);
      made.push({ id, account });
    }
    await app.sql("update calendar_connection set next_pull_at = now()");
    const world = new NemesisWorld(postgres, installation, app, made);
    world.endFaults();
    return world;
  }

  async stop(): Promise<void> {
    await this.app.stop();
    await this.installation.simulator.close();
    await this.postgres.stop();
  }

  get control() {
    return this.installation.simulator.control;
  }

  /** All faults end but the provider's slowness. */
  endFaults(): void {
    this.control.clearFaults();
    this.beSlow();
  }

  /** The next request for a page of the account is answered so. */
  disturb(account: string, then: FaultEffect): void {
    this.control.addFault({ match: { account, pathRegex: "/events|calendarView" }, then });
    if (this.slowness !== null) this.control.clearFaults(this.slowness);
    this.beSlow();
  }

  /** Faults apply in the order in which they were added: the slowness comes after all others. */
  private beSlow(): void {
    this.slowness = this.control.addFault({ times: null, then: { delayMs: providerDelayMs } }).id;
  }

  /** Rows as a superuser sees them; while PostgreSQL is away, it is waited for. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    for (;;) {
      try {
        return await this.app.sql<Row>(text, values);
      } catch (error) {
        if (!isDatabaseUnavailable(error)) throw error;
        await delay(100);
      }
    }
  }

  async count(from: string): Promise<number> {
    const [row] = await this.sql<{ count: string }>(`select count(*) as count from ${from}`);
    return Number(row?.count);
  }
}
