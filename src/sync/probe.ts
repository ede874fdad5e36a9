import type { StartedAttempt } from "../attempts/start-attempt.js";
import { ProviderFailure } from "../providers/provider.js";
import { ownErrorCodes } from "./provider-monitor.js";
import type { ProviderTraffic } from "./provider-traffic.js";

/** One attempt as the probe of its provider, where it is one: tells once whether the provider is back. Any answer of it says so. */
export class Probe {
  private hasTold: boolean;

  constructor(
    private readonly attempt: StartedAttempt,
    private readonly traffic: ProviderTraffic,
  ) {
    this.hasTold = !attempt.isProbe;
  }

  /** The provider has answered a request. */
  async answered(): Promise<void> {
    if (this.hasTold) return;
    this.hasTold = true;
    await this.traffic.closeBreaker(this.attempt.connection.provider);
  }

  /** The attempt has ended with this error. A refusal is an answer too; what was our own doing tells nothing. */
  async failed(error: unknown): Promise<void> {
    if (this.hasTold) return;
    const { provider } = this.attempt.connection;
    const isAnswer = error instanceof ProviderFailure && !ownErrorCodes.includes(error.errorCode);
    if (isAnswer && error.errorClass !== "TRANSIENT") return this.answered();
    this.hasTold = true;
    await (isAnswer ? this.traffic.postponeProbe(provider) : this.traffic.giveUpProbe(provider));
  }
}
