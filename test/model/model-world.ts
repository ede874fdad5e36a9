import fc from "fast-check";
import type { ProviderName } from "../../src/providers/provider.js";
import { verify } from "../../src/verify/verify.js";
import { quickRetries, TestApp } from "../support/app.js";
import { histories, type HistoryPlan } from "./commands.js";
import { History } from "./history.js";
import { Quiet } from "./quiet.js";
import { Tally } from "./tally.js";
import { seasons } from "./zone.js";

const dayMs = 86_400_000;

/** Long enough that clocks change within it on both hemispheres, whatever day it is. */
const windowDays = 190;
const mostSeasonDays = 150;

const environment = {
  ...quickRetries,
  MAX_RETRIES: "1",
  WORKER_CONCURRENCY: "16",
  SYNC_WINDOW_PAST_DAYS: String(windowDays),
  SYNC_WINDOW_FUTURE_DAYS: String(windowDays),
};

/** Where fast-check finds a history. */
export interface HistoryAddress {
  provider: ProviderName;
  seed: number;
  path: string;
}

/** Told while histories go on. */
export interface HistoryWatch {
  onLived: () => void;
  /** First at once, then as small as it could be made. */
  onFailed: (failure: string) => void;
}

/** An installation whose connections go through random histories, several at once. */
export class ModelWorld {
  private accounts = 0;
  private readonly today = Math.floor(Date.now() / dayMs) * dayMs;
  private readonly seasons = seasons(this.today, mostSeasonDays);

  private constructor(
    readonly app: TestApp,
    private readonly quiet: Quiet,
    private readonly tally: Tally,
  ) {}

  static async start(tally = new Tally()): Promise<ModelWorld> {
    const app = await TestApp.start({ environment });
    return new ModelWorld(app, await Quiet.start(app), tally);
  }

  async stop(): Promise<void> {
    await this.quiet.stop();
    await this.app.stop();
  }

  /** @throws Error where the model, the provider and what is stored differ in the end */
  async live(provider: ProviderName, { season, habits = {}, commands }: HistoryPlan): Promise<void> {
    const account = `model${(this.accounts += 1)}@example.com`;
    const firstDay = this.seasons[season % this.seasons.length] ?? this.today;
    const who = { account, provider, today: this.today, firstDay, habits };
    const { app, quiet, tally } = this;
    // A firm of its own: the workers would share themselves out among the connections of one.
    const firmId = String(this.accounts);
    const history = await History.begin({ app, firmId, manager: await app.as("manager", firmId), quiet, tally }, who);
    await history.prepare();
    for (const command of commands) if (command) await history.happen(command);
    await history.comeToRest();
    const { model, provider: provided, stored } = await history.compare();
    expectSame({ model, provided });
    expectSame({ model, stored });
    expectSame({ strangers: await history.strangers(), allowed: [] });
  }

  /** So many random histories, in lanes of their own that go on at once. Returns what is told of the lanes that failed. */
  async liveMany(
    provider: ProviderName,
    each: { lanes: number; histories: number; seed: number; endOnFailure: boolean; watch: HistoryWatch },
  ): Promise<string[]> {
    const { watch, endOnFailure } = each;
    const numRuns = Math.ceil(each.histories / each.lanes);
    const lanes = Array.from({ length: each.lanes }, (_, lane) =>
      this.check(provider, { numRuns, seed: each.seed + lane, endOnFailure }, watch),
    );
    return (await Promise.all(lanes)).flat();
  }

  /** That one history again of which a failure told. Returns what is told when it fails. */
  async replay({ provider, seed, path }: HistoryAddress, watch: HistoryWatch): Promise<string[]> {
    return this.check(provider, { numRuns: 1, seed, path, endOnFailure: true }, watch);
  }

  private async check(
    provider: ProviderName,
    parameters: fc.Parameters<[HistoryPlan]> & { seed: number },
    watch: HistoryWatch,
  ): Promise<string[]> {
    let lived = 0;
    let hasFailed = false;
    const property = fc.asyncProperty(histories, async (plan) => {
      try {
        await this.live(provider, plan);
      } catch (error) {
        const path = parameters.path ?? String(lived);
        if (!hasFailed) watch.onFailed(`${addressed({ provider, seed: parameters.seed, path })}: ${String(error)}`);
        hasFailed = true;
        throw error;
      }
      lived += 1;
      if (!hasFailed) watch.onLived();
    });
    const details = await fc.check(property, parameters);
    if (!details.failed) return [];
    const failure = told(provider, details);
    watch.onFailed(failure);
    return [failure];
  }

  /** The invariants that do not hold. Connections of the test application are scheduled only when a test says so. */
  async violated(): Promise<string[]> {
    const { invariants } = await verify(this.app.installation.database.systemUrl);
    return invariants
      .filter(({ name, count }) => count > 0 && name !== "active-connection-is-scheduled")
      .map(({ name, violations }) => `${name}: ${JSON.stringify(violations)}`);
  }
}

/** By which that history alone is lived again. */
function addressed({ provider, seed, path }: HistoryAddress): string {
  return `MODEL_REPLAY=${provider}:${seed}:${path}`;
}

/** With the seed and the path that fast-check finds it by again. */
function told(
  provider: ProviderName,
  { seed, counterexamplePath, counterexample, errorInstance }: fc.RunDetails<[HistoryPlan]>,
): string {
  const plan = counterexample?.[0];
  const commands = (plan?.commands ?? []).filter((command) => command !== null);
  const address = addressed({ provider, seed, path: counterexamplePath ?? "" });
  return `${address}: ${String(errorInstance)} after ${JSON.stringify({ ...plan, commands })}`;
}

function expectSame(sides: Record<string, string[]>): void {
  const [[oneName, one], [otherName, other]] = Object.entries(sides) as [[string, string[]], [string, string[]]];
  const onlyOne = without(one, other);
  const onlyOther = without(other, one);
  if (onlyOne.length + onlyOther.length === 0) return;
  throw new Error(`only in ${oneName}: ${JSON.stringify(onlyOne)}, only in ${otherName}: ${JSON.stringify(onlyOther)}`);
}

/** What `one` has more of than `other`. */
function without(one: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return one.filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
