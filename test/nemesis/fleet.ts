import { setTimeout as delay } from "node:timers/promises";
import { failpoints, type Failpoint } from "../../src/failpoints.js";
import type { ArmedFailpoint } from "../support/armed-failpoints.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import type { NemesisWorld } from "./world.js";

/** Of what servers do all the time. Who connects, disconnects, imports, rotates or erases is killed in tests of their own. */
const steps =
  "schedule claim start round page sweep confirmation close retry waiting-pull resync replay request token stop".split(
    " ",
  );
const names = (Object.keys(failpoints) as Failpoint[]).filter((name) => steps.includes(name.split(".")[0] ?? ""));

export interface FleetPlan {
  processes: number;
  /** Servers beside them whom nobody disturbs, so that work is done between the deaths. */
  undisturbed: number;
  /** How often each failpoint is to be hit. */
  hitsEach: number;
  /** But for those that have a test of their own, since they are hardly ever met. */
  elsewhere: readonly Failpoint[];
  /** Of the hits, those that freeze instead of kill. */
  freezeShare: number;
  /** Of those that freeze, the ones that outlast the heartbeat. */
  longFreezeShare: number;
  /** Failpoints that a process has armed. */
  armedAtOnce: number;
  /** A process whose failpoints are not reached is exchanged for one with others: after so long, but no sooner than it has got something done. */
  longestLifeMs: number;
  planted?: PlantedFault | undefined;
}

/** Longer than a worker's heartbeat, so that what it had is taken over. */
const longFreezeMs = 14_000;
const shortFreezeMs = 700;
const lookEveryMs = 50;
/** Where a start takes long, so does everything. */
const startsPerLife = 3;

export const serverEnvironment = {
  LOG_LEVEL: "info",
  SYNC_INTERVAL_SECONDS: "5",
  MAX_DELAY_SECONDS: "20",
  DATABASE_POOL_SIZE: "8",
};

/** Servers that kill and freeze themselves at failpoints and are started anew, until each failpoint has been hit often enough. */
export class Fleet {
  readonly hits = new Map<Failpoint, number>(names.map((name) => [name, 0]));
  readonly killed = new Map<Failpoint, number>();
  /** How processes ended that should not have. */
  readonly unexpected: string[] = [];
  /** Why servers did not start; some do not while PostgreSQL is away. */
  readonly failedStarts: string[] = [];
  private readonly live = new Map<ServerProcess, ArmedFailpoint[]>();
  private isOver = false;
  private slots: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly world: NemesisWorld,
    private readonly plan: FleetPlan,
  ) {}

  start(): void {
    const { processes, undisturbed } = this.plan;
    this.slots = Promise.all([
      ...Array.from({ length: processes }, () => this.keepRunning(() => this.arm())),
      ...Array.from({ length: undisturbed }, () => this.keepRunning(() => [], { WORKER_CONCURRENCY: "1" })),
    ]);
  }

  /** Where the processes that run answer, as far as they do. */
  urls(): string[] {
    return [...this.live.keys()].flatMap(({ url }) => (url === null ? [] : [url]));
  }

  missing(): Failpoint[] {
    const { hitsEach, elsewhere } = this.plan;
    return names.filter((name) => (this.hits.get(name) ?? 0) < hitsEach && !elsewhere.includes(name));
  }

  /** Kills what is left, frozen or not, in the middle of what it does. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.slots;
  }

  private async keepRunning(arm: () => ArmedFailpoint[], more: Readonly<Record<string, string>> = {}): Promise<void> {
    while (!this.isOver) {
      const armed = arm();
      const environment = { ...serverEnvironment, ...more };
      const begun = performance.now();
      try {
        const server = await ServerProcess.start(this.world.app, {
          ...{ roles: "api,worker,scheduler", armed, environment, planted: this.plan.planted },
        });
        await this.outlive(server, armed, this.lifeMs(armed, performance.now() - begun));
      } catch (error) {
        this.failedStarts.push(String(error));
        await delay(200);
      }
    }
  }

  private lifeMs(armed: readonly ArmedFailpoint[], startedInMs: number): number {
    const { longestLifeMs } = this.plan;
    const hasWork = armed.some(({ name }) => !name.startsWith("stop."));
    return hasWork ? Math.max(longestLifeMs, startsPerLife * startedInMs) : longestLifeMs;
  }

  /** The failpoints hit least so far, and always one for the time when it is told to stop. */
  private arm(): ArmedFailpoint[] {
    const pending = [...this.live.values()].flat();
    const wanted = this.missing().map((name) => ({
      name,
      rank: (this.hits.get(name) ?? 0) + pending.filter((armed) => armed.name === name).length + Math.random(),
    }));
    const ranked = wanted.sort((one, other) => one.rank - other.rank).map(({ name }) => name);
    const stops = ranked.filter((name) => name.startsWith("stop.")).slice(0, 1);
    const others = ranked.filter((name) => !name.startsWith("stop.")).slice(0, this.plan.armedAtOnce);
    return [...others, ...stops].map((name) => ({
      name,
      action: Math.random() < this.plan.freezeShare ? "freeze" : "kill",
      nth: Math.random() < 0.7 ? 1 : 2,
    }));
  }

  private async outlive(server: ServerProcess, armed: ArmedFailpoint[], longestLifeMs: number): Promise<void> {
    this.live.set(server, armed);
    const born = performance.now();
    let seen = 0;
    let isStopping = false;
    while (server.isRunning && !this.isOver) {
      const hits = server.hits().slice(seen);
      seen += hits.length;
      for (const { name } of hits) this.hits.set(name, (this.hits.get(name) ?? 0) + 1);
      if (hits.at(-1)?.action === "freeze") await this.thaw(server);
      else if (server.isFrozen)
        server.kill("SIGCONT"); // on a slow machine it may have been told to go on before it stopped
      else if (!isStopping && armed.length > 0 && performance.now() - born > longestLifeMs) {
        isStopping = true;
        server.kill("SIGTERM");
      } else await delay(lookEveryMs);
    }
    if (server.isRunning) await server.end();
    this.live.delete(server);
    for (const { name } of server.hits().slice(seen)) this.hits.set(name, (this.hits.get(name) ?? 0) + 1);
    await this.noteEnd(server, isStopping);
  }

  private async thaw(server: ServerProcess): Promise<void> {
    const isLong = Math.random() < this.plan.longFreezeShare;
    const until = performance.now() + (isLong ? longFreezeMs : shortFreezeMs);
    while (performance.now() < until && server.isRunning && !this.isOver) await delay(lookEveryMs);
    server.kill("SIGCONT");
  }

  private async noteEnd(server: ServerProcess, isStopping: boolean): Promise<void> {
    const outcome = await server.ended;
    const last = server.hits().at(-1);
    if (outcome === "SIGKILL" && (this.isOver || last?.action === "kill")) return;
    if (outcome === 0 && isStopping) return;
    this.unexpected.push(`a process ended with ${outcome} after ${last?.name ?? "no failpoint"}`);
  }
}
