import type { OutageLimits } from "../../src/connections/outage-limits.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { verify } from "../../src/verify/verify.js";
import { TestApp, until } from "../support/app.js";
import { runTypeScript, type TypeScriptProcess } from "../support/typescript-process.js";

/** Every retry is due at once, so that nothing but the budget slows them. */
const impatient = { MAX_DELAY_SECONDS: "0.05", WORKER_CONCURRENCY: "8" };

export interface OutageWorldOptions {
  limits: Partial<OutageLimits>;
  connections: number;
  environment?: Record<string, string>;
  /** Processes with a worker; the first one has everything. */
  processes?: number;
}

/** An installation with many connections of one provider, all of which may fail at once. */
export class OutageWorld {
  private constructor(
    readonly app: TestApp,
    private readonly others: TestApp[],
    readonly connections: string[],
    readonly provider: ProviderName,
  ) {}

  static async start(options: OutageWorldOptions): Promise<OutageWorld> {
    const { limits, processes = 1 } = options;
    const environment = { ...impatient, ...options.environment };
    const app = await TestApp.start({ limits, environment });
    const others: TestApp[] = [];
    for (let count = 1; count < processes; count += 1) {
      const { installation } = app;
      others.push(await TestApp.start({ limits, installation, environment: { ...environment, ROLES: "worker" } }));
    }
    const world = new OutageWorld(app, others, [], "GOOGLE");
    for (let count = 0; count < options.connections; count += 1) await world.connect(String((count % 3) + 1));
    return world;
  }

  async stop(): Promise<void> {
    for (const other of this.others) await other.stop();
    await this.app.stop();
  }

  /** A worker in a process of its own, that can be killed. */
  async startWorkerProcess(limits: Partial<OutageLimits>): Promise<TypeScriptProcess> {
    const { installation, simulator } = this.app;
    const worker = runTypeScript(new URL("../support/worker-process.ts", import.meta.url), [], {
      env: {
        ...process.env,
        ...installation.environment,
        ROLES: "worker",
        OUTAGE_LIMITS: JSON.stringify(limits),
        GOOGLE_API_URL: simulator.googleApiUrl,
        GOOGLE_TOKEN_URL: simulator.googleTokenUrl,
      },
    });
    if ((await worker.nextLine()) !== "working") throw new Error("the worker does not work");
    return worker;
  }

  /** One more connection, of that firm. */
  async connect(firmId = "1"): Promise<string> {
    const id = await this.app.connect(`staff${this.connections.length}@example.com`, firmId, this.provider);
    this.connections.push(id);
    return id;
  }

  /** Nothing of the provider answers any more: it refuses, or is silent. */
  goDown(how: "refuses" | "is silent" = "refuses"): void {
    this.comeBack();
    const then = how === "refuses" ? { status: 503, body: "down" } : { hang: true };
    this.app.simulator.control.addFault({ times: null, then });
  }

  comeBack(): void {
    this.app.simulator.control.clearFaults();
  }

  /** Pulls of all connections are due; the scheduler makes one of each that has none under way. */
  async schedule(connections = this.connections): Promise<void> {
    await this.app.sql("update calendar_connection set next_pull_at = now() where id = any($1)", [connections]);
    await until(async () => {
      const due = await this.app.sql("select from calendar_connection where id = any($1) and next_pull_at <= now()", [
        connections,
      ]);
      return due.length === 0;
    });
  }

  requests(): number {
    return this.app.simulator.control.requests().length;
  }

  /** How many attempts there are: first tries, and all. */
  async attempts(): Promise<{ first: number; all: number }> {
    const [row] = await this.app.sql<{ first: number; all: number }>(
      `select count(*) filter (where retry_count = 0)::int as first, count(*)::int as all from sync_attempt`,
    );
    return row ?? { first: 0, all: 0 };
  }

  async count(runs: string): Promise<number> {
    const [row] = await this.app.sql<{ count: number }>(`select count(*)::int as count from sync_run where ${runs}`);
    return row?.count ?? 0;
  }

  async databaseSeconds(): Promise<number> {
    const [row] = await this.app.sql<{ seconds: number }>(
      "select extract(epoch from clock_timestamp())::float8 as seconds",
    );
    return row?.seconds ?? 0;
  }

  async isBreakerOpen(): Promise<boolean> {
    const open = "select from across_firms.provider_traffic where provider = $1 and breaker_opened_at is not null";
    return (await this.app.sql(open, [this.provider])).length > 0;
  }

  /** What verify finds. Connections of the test application are scheduled only when a test says so, which no real one is. */
  async violations(): Promise<unknown[]> {
    const { invariants } = await verify(this.app.installation.database.systemUrl);
    return invariants
      .filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled")
      .map(({ name, violations }) => ({ name, violations }));
  }
}
