import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "../config.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import type { EntityManager } from "../database/orm.js";
import type { Simulator } from "../simulator/simulator.js";
import { comparisonTable } from "./comparison-table.js";
import { compareConnections } from "./comparison.js";
import { firstSync } from "./first-sync.js";
import { occurrencesOf } from "./simulated-calendar.js";
import { demoToken } from "./tokens.js";
import { makeUnreliable } from "./unreliable-providers.js";
import { welcome } from "./welcome.js";

interface IntroductionParts {
  config: Config;
  simulator: Simulator;
  em: EntityManager;
  log: Logger;
  /** Whose connection is the first. */
  firstAccount: string;
}

const againAfterMs = 2_000;

/** What the demo tells on the terminal, and only there, since tokens are printed. */
export class Introduction {
  private readonly stopping = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  constructor(private readonly parts: IntroductionParts) {}

  /**
   * Prints where to go, if anywhere; then, in the background, has everything synced for the first time, prints what that brought
   * and makes the providers unreliable.
   */
  async begin(url: string | null): Promise<void> {
    if (url !== null) await this.sayWelcome(url);
    this.watching = this.watch();
  }

  private async sayWelcome(url: string): Promise<void> {
    const { config, simulator } = this.parts;
    print(
      welcome({
        url,
        simulatorUrl: simulator.url,
        managerToken: await demoToken(config, "manager"),
        staffToken: await demoToken(config, "staff"),
        otherManagerToken: await demoToken(config, "other-manager"),
      }),
    );
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  /** Goes on when the database is back after an outage; nothing here may end the server. */
  private async watch(): Promise<void> {
    const { log } = this.parts;
    const isStopped = (): boolean => this.stopping.signal.aborted;
    while (!isStopped()) {
      try {
        await this.firstSync();
        return;
      } catch (error) {
        if (isStopped()) return;
        log.warn({ err: error }, "demo: the first sync could not be watched");
        if (!isDatabaseUnavailable(error)) return;
        await delay(againAfterMs);
      }
    }
  }

  private async firstSync(): Promise<void> {
    const { em, simulator, firstAccount } = this.parts;
    await firstSync(em, firstAccount, this.stopping.signal);
    print(comparisonTable(await compareConnections(em, occurrencesOf(simulator))));
    makeUnreliable(simulator.control);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
