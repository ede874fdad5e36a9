import { setTimeout as delay } from "node:timers/promises";
import { CredentialCipher } from "../../src/connections/credential-cipher.js";
import { storeCredentials } from "../../src/connections/credentials.js";
import { openDatabase, type Database } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { newInstallation, TestApp } from "../support/app.js";
import type { TestDatabase } from "../support/database.js";
import { LargeCalendars, type LargeCalendarOrder } from "../support/large-calendars.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";

/** A run as the API tells it. */
export interface RunProgress {
  status: string;
  createdCount: number;
  updatedCount: number;
  cancelledCount: number;
  unchangedCount: number;
  pagesDone: number;
}

const progressQuery = `query ($id: ID!) {
  syncRun(correlationId: $id) { status createdCount updatedCount cancelledCount unchangedCount pagesDone }
}`;
const resyncMutation = `mutation ($id: ID!) {
  resyncConnection(connectionId: $id, waitSeconds: 0) { result { correlationId } }
}`;
const lookEveryMs = 500;
const endings = ["SUCCEEDED", "FAILED", "CANCELLED", "HELD"];

/** So that a worker gives memory back early instead of letting it grow while there is some. */
const smallHeap = "--max-old-space-size=128 --max-semi-space-size=8";

export interface WorkerOptions {
  /** Of Node. Default: a small heap. */
  nodeOptions?: string;
  planted?: PlantedFault;
}

/** Calendars too large for a simulator in this process, an API and a scheduler in it, and workers in processes of their own. */
export class LargeSync {
  private constructor(
    readonly app: TestApp,
    readonly calendars: LargeCalendars,
    private readonly database: Database,
    private readonly stops: (() => Promise<unknown>)[],
  ) {}

  /** @param database instead of a new one of the test run; whoever gives it drops it */
  static async start(orders: readonly LargeCalendarOrder[], database?: TestDatabase): Promise<LargeSync> {
    const calendars = await LargeCalendars.start(orders);
    const installation = await newInstallation(database);
    const app = await TestApp.start({ installation, environment: { ROLES: "api,scheduler" } });
    const appDatabase = await openDatabase(installation.database.appUrl, 1);
    const stops = [
      () => app.stop(),
      () => appDatabase.close(),
      () => installation.simulator.close(),
      ...(database ? [] : [() => installation.database.drop()]),
      () => calendars.end(),
    ];
    return new LargeSync(app, calendars, appDatabase, stops);
  }

  async stop(): Promise<void> {
    for (const stop of this.stops) await stop();
  }

  /** A connection to one of the large calendars. Returns its id. */
  async connect({ account, provider }: LargeCalendarOrder, firmId = "1"): Promise<string> {
    const id = await this.app.connect(account, firmId, provider === "google" ? "GOOGLE" : "MICROSOFT");
    const cipher = new CredentialCipher(this.app.config.credentialKeys);
    const token = this.calendars.refreshTokenOf(account);
    await unitOfWork(this.database.em, firmId, (unit) => storeCredentials(unit, cipher, id, token, []));
    return id;
  }

  startWorker({ nodeOptions = smallHeap, planted }: WorkerOptions = {}): Promise<ServerProcess> {
    return ServerProcess.start(this.app, {
      roles: "worker",
      environment: { ...this.calendars.environment, NODE_OPTIONS: nodeOptions },
      planted,
    });
  }

  /** Asks for a full resync. Returns its correlation id. */
  async resync(connectionId: string, firmId = "1"): Promise<string> {
    const { resyncConnection } = await this.app.manager<{ resyncConnection: { result: { correlationId: string } } }>(
      resyncMutation,
      { id: connectionId },
      firmId,
    );
    return resyncConnection.result.correlationId;
  }

  async progress(correlationId: string, firmId = "1"): Promise<RunProgress> {
    const { syncRun } = await this.app.manager<{ syncRun: RunProgress }>(progressQuery, { id: correlationId }, firmId);
    return syncRun;
  }

  /** Looks at the run until it has ended or `until` holds. Returns what it was last. */
  async follow(
    correlationId: string,
    look: (progress: RunProgress) => void,
    until: (progress: RunProgress) => boolean = () => false,
    firmId = "1",
  ): Promise<RunProgress> {
    for (;;) {
      const progress = await this.progress(correlationId, firmId);
      look(progress);
      if (endings.includes(progress.status) || until(progress)) return progress;
      await delay(lookEveryMs);
    }
  }
}
