import { setTimeout as delay } from "node:timers/promises";
import { verify } from "../../src/verify/verify.js";
import { TestApp } from "../support/app.js";
import { ConnectionHistory } from "./connection-history.js";
import type { Deed } from "./deeds.js";

/** Retries come at once unless the provider asks to wait, and are used up after the second. */
const environment = { MAX_RETRIES: "2", MAX_DELAY_SECONDS: "0.05", WORKER_CONCURRENCY: "8" };

/** An installation whose connections go through random histories, a few of them at a time. */
export class HistoryWorld {
  private connections = 0;
  private exchanged: Promise<void> = Promise.resolve();
  private readonly underWay: Promise<unknown>[] = [];

  private constructor(
    private readonly app: TestApp,
    private worker: TestApp,
  ) {}

  static async start(): Promise<HistoryWorld> {
    const app = await TestApp.start({ environment: { ...environment, ROLES: "api,scheduler" } });
    return new HistoryWorld(app, await startWorker(app));
  }

  /** Histories that the time limit has cut off go on to their end first: they would start a worker after this. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.underWay);
    await this.exchanged.catch(() => undefined);
    await this.worker.stop();
    await this.app.stop();
  }

  /** Lets each history happen to a new connection. @throws Error when an invariant is violated, or a connection does not come to rest */
  async live(histories: readonly (readonly Deed[])[]): Promise<void> {
    const lives = histories.map((deeds) => this.liveOne(deeds));
    this.underWay.push(...lives);
    const ended = await Promise.allSettled(lives);
    for (const outcome of ended) if (outcome.status === "rejected") throw outcome.reason;
    await this.expectNothingViolated();
  }

  private async liveOne(deeds: readonly Deed[]): Promise<void> {
    this.connections += 1;
    const account = `history${this.connections}@example.com`;
    const history = await ConnectionHistory.begin(this.app, account, () => this.exchangeWorker());
    for (const deed of deeds) {
      await history.happen(deed);
      await delay(10);
    }
    await this.expectNothingViolated();
    await history.comeToRest();
    await this.expectNothingViolated();
    await history.settle();
  }

  /** One after the other: the worker stops, gives back what it has in hand, and another one takes over. */
  private exchangeWorker(): Promise<void> {
    this.exchanged = this.exchanged.then(async () => {
      await this.worker.stop();
      this.worker = await startWorker(this.app);
    });
    return this.exchanged;
  }

  /** Connections of the test application are scheduled only when a test says so, which no real one is. */
  private async expectNothingViolated(): Promise<void> {
    const { invariants } = await verify(this.app.installation.database.systemUrl);
    const violated = invariants.filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled");
    const told = violated.map(({ name, violations }) => ({ name, violations }));
    if (told.length > 0) throw new Error(`violated: ${JSON.stringify(told)}`);
  }
}

function startWorker(app: TestApp): Promise<TestApp> {
  return TestApp.start({ installation: app.installation, environment: { ...environment, ROLES: "worker" } });
}
