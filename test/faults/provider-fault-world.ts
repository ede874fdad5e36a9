import type { CallLimits } from "../../src/providers/call-limits.js";
import type { ProviderName } from "../../src/providers/provider.js";
import type { FaultInput } from "../../src/simulator/faults.js";
import type { Control } from "../../src/simulator/control.js";
import { TestApp, until } from "../support/app.js";
import { startProviderServer, type ProviderServer } from "../providers/provider-server.js";
import { addEvent, addEvents } from "../support/calendar.js";
import { letTimePass } from "../support/manager.js";
import { storedAndProvided } from "../support/stored.js";
import { realPage, type PageShape, pageShapes } from "./provider-pages.js";

/** What a case has at hand when it disturbs its connection. */
export interface Scene {
  app: TestApp;
  control: Control;
  provider: ProviderName;
  account: string;
  connection: string;
  shape: PageShape;
  /** An address of another host. */
  elsewhere: string;
  /** Disturbs requests of this account until the case is over; those for changes unless another path is named. */
  disturb: (fault: Omit<FaultInput, "match"> & { pathRegex?: string }) => void;
  /** What the provider would answer to the next request from the stored cursor. */
  realPage: () => Promise<Record<string, unknown>>;
}

export interface ProviderFaultCase {
  name: string;
  /** The title of an event that is new at the provider when the fault comes. */
  title?: string;
  disturb?: (scene: Scene) => void | Promise<void>;
  expected: Outcome;
}

/** What a fault has done, and what is left of it when it is over. */
export interface Outcome {
  /** What came of each attempt of the disturbed run. */
  attempts: string[];
  run: string;
  connection: string;
  /** Seconds that the provider has asked to wait, to the nearest hundred; null for none. */
  wait: number | null;
  cursor: "kept" | "replaced";
  /** Whether any request named the cursor that was stored. */
  isCursorUsed: boolean;
  appointments: string;
  /** After the fault has ended and the connection was pulled again. */
  afterwards: string;
}

/** Short, but longer than a busy machine takes to answer. */
const impatient = { connectMs: 2_000, headersMs: 4_000, totalMs: 6_000, bodyBytes: 1024 * 1024, pages: 5 };

/** Two attempts a run, the second one at once. */
const environment = { MAX_RETRIES: "1", MAX_DELAY_SECONDS: "0.05", WORKER_CONCURRENCY: "8" };

export type ProviderCase = readonly [provider: ProviderName, one: ProviderFaultCase];

/** The whole application, whose connections are disturbed each by a fault of its own. */
export class ProviderFaultWorld {
  private connections = 0;

  private constructor(
    readonly app: TestApp,
    /** Of no provider: where redirects lead to. */
    readonly elsewhere: ProviderServer,
  ) {}

  static async start(limits: Partial<CallLimits> = {}): Promise<ProviderFaultWorld> {
    const app = await TestApp.start({ environment, callLimits: { ...impatient, ...limits } });
    return new ProviderFaultWorld(app, await startProviderServer());
  }

  async stop(): Promise<void> {
    await this.app.stop();
    await this.elsewhere.close();
  }

  /** All at once, each on an account of its own. Outcomes in the order of the cases. */
  async liveAll(cases: readonly ProviderCase[]): Promise<Outcome[]> {
    const scenes = await Promise.all(cases.map((one) => this.prepare(one)));
    return Promise.all(
      scenes.map(async (scene) => {
        const suffered = await scene.suffer();
        return { ...suffered, afterwards: await scene.recover() };
      }),
    );
  }

  /** What the fault does, without what comes after it. */
  async sufferOnly(one: ProviderCase): Promise<Omit<Outcome, "afterwards">> {
    return (await this.prepare(one)).suffer();
  }

  /** A connection with appointments and a cursor; since then an event was renamed, one deleted, and one added. */
  private async prepare([provider, one]: ProviderCase): Promise<DisturbedConnection> {
    this.connections += 1;
    const account = `fault${this.connections}@${provider.toLowerCase()}.example`;
    const connection = await this.app.connect(account, "1", provider);
    const { simulator } = this.app;
    const ids = addEvents(simulator, account, 3);
    await this.app.pull(connection);
    simulator.control.updateEvent(account, String(ids[0]), { title: "Renamed" });
    simulator.control.deleteEvent(account, String(ids[1]));
    addEvent(simulator, account, one.title ?? "New", 3);
    const disturbed = new DisturbedConnection(this.app, provider, account, connection, `${this.elsewhere.url}events`);
    await disturbed.begin(one);
    return disturbed;
  }
}

interface StoredConnection {
  status: string;
  status_reason: string | null;
  cursor: string;
}

class DisturbedConnection implements Scene {
  private readonly faults: number[] = [];
  private stored: string[] = [];
  private cursor = "";

  constructor(
    readonly app: TestApp,
    readonly provider: ProviderName,
    readonly account: string,
    readonly connection: string,
    readonly elsewhere: string,
  ) {}

  get control(): Control {
    return this.app.simulator.control;
  }

  get shape(): PageShape {
    return pageShapes[this.provider];
  }

  readonly disturb: Scene["disturb"] = ({ pathRegex = this.shape.listPath, ...fault }) => {
    const { id } = this.control.addFault({ ...fault, match: { account: this.account, pathRegex } });
    this.faults.push(id);
  };

  readonly realPage: Scene["realPage"] = async () =>
    realPage(this.app.simulator, this.provider, this.account, (await this.row()).cursor);

  async begin({ disturb }: ProviderFaultCase): Promise<void> {
    this.stored = (await this.lines()).stored;
    await disturb?.(this);
    this.cursor = (await this.row()).cursor;
  }

  /** The next pull, with the fault. */
  async suffer(): Promise<Omit<Outcome, "afterwards">> {
    const before = this.control.requests({ account: this.account }).at(-1)?.seq ?? 0;
    const run = await this.app.pull(this.connection);
    const { status, status_reason: reason, cursor } = await this.row();
    const urls = this.control.requests({ account: this.account, since: before }).map(({ url }) => url);
    return {
      attempts: await this.attemptsOf(run),
      run: await this.statusOf(run),
      connection: [status, reason].filter((word) => word !== null).join(" "),
      wait: await this.waitOf(run),
      cursor: cursor === this.cursor ? "kept" : "replaced",
      isCursorUsed: urls.some((url) => decodeURIComponent(url).includes(decodeURIComponent(this.cursor))),
      appointments: await this.compare(),
    };
  }

  /** The fault is over, what it has stopped is mended, and time has passed; then the connection is pulled once more. */
  async recover(): Promise<string> {
    for (const id of this.faults) this.control.clearFaults(id);
    await this.mend();
    const run = await this.app.pull(this.connection);
    const { stored, provided } = await this.lines();
    const status = await this.statusOf(run);
    if (status === "SUCCEEDED" && stored.join("\n") === provided.join("\n")) return "as the provider's";
    return [status, ...stored.filter((line) => !provided.includes(line)), "instead of", ...provided].join("\n");
  }

  private async mend(): Promise<void> {
    if (!["HELD", "RETRYING"].includes(await this.statusOf(null))) return;
    // As by a reconnect, which would begin with a full round: here the cursor has to be good still.
    await this.app.sql(
      `with mended as (
         update calendar_connection set status = 'ACTIVE', status_reason = null, status_changed_at = now(), next_pull_at = now()
         where id = $1 and status = 'REVOKED' returning firm_id, id
       )
       insert into audit_event (firm_id, event_type, event_category, severity, resource_type, resource_id, created_at)
       select firm_id, 'calendar_connection_resumed', 'calendar_connection', 'info', 'calendar_connection', id, now() from mended`,
      [this.connection],
    );
    await letTimePass(this.app, this.connection);
    await until(async () => (await this.statusOf(null)) === "SUCCEEDED");
  }

  private async compare(): Promise<string> {
    const { stored, provided } = await this.lines();
    const before = new Set(this.stored);
    const lost = provided.filter((line) => before.has(line) && !stored.includes(line));
    const invented = stored.filter((line) => !before.has(line) && !provided.includes(line));
    if (lost.length > 0) return `lost ${lost.length}`;
    if (invented.length > 0) return `invented ${invented.length}`;
    if (stored.join("\n") === provided.join("\n")) return "as the provider's";
    return stored.join("\n") === this.stored.join("\n") ? "as before" : "between";
  }

  /** Text that PostgreSQL refuses is expected as it is kept. */
  private async lines(): Promise<{ stored: string[]; provided: string[] }> {
    const { stored, provided } = await storedAndProvided(this.app, this.connection);
    return { stored, provided: provided.map((line) => line.replaceAll("\0", "").toWellFormed()).sort() };
  }

  private async row(): Promise<StoredConnection> {
    const [row] = await this.app.sql<StoredConnection>(
      "select status, status_reason, cursor from calendar_connection where id = $1",
      [this.connection],
    );
    if (!row) throw new Error(`there is no connection ${this.connection}`);
    return row;
  }

  private async attemptsOf(run: string): Promise<string[]> {
    const rows = await this.app.sql<{ attempt: string }>(
      `select concat_ws(' ', status, error_class, error_code) as attempt from sync_attempt where run_id = $1 order by id`,
      [run],
    );
    return rows.map(({ attempt }) => attempt);
  }

  /** Of a run, or of the connection's newest one. */
  private async statusOf(run: string | null): Promise<string> {
    const [row] = await this.app.sql<{ status: string }>(
      `select status from sync_run where connection_id = $1 and id = coalesce($2, id) order by id desc limit 1`,
      [this.connection, run],
    );
    return row?.status ?? "";
  }

  private async waitOf(run: string): Promise<number | null> {
    const [row] = await this.app.sql<{ seconds: number | null }>(
      `select extract(epoch from provider_retry_at - finished_at)::float8 as seconds from sync_attempt
       where run_id = $1 order by id desc limit 1`,
      [run],
    );
    return row?.seconds == null ? null : Math.round(row.seconds / 100) * 100;
  }
}
