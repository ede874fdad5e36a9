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

  /** The attempt has ended with this error. A calendar that refuses answers too; what was our own doing, or about a token, tells nothing. */
  async failed(error: unknown): Promise<void> {
    if (this.hasTold) return;
    if (isRefusal(error)) return this.answered();
    this.hasTold = true;
    const { provider } = this.attempt.connection;
    await (isOutage(error) ? this.traffic.postponeProbe(provider) : this.traffic.giveUpProbe(provider));
  }
}

/** Tokens are given by other servers than calendars: whoever loses access may lose it while the calendars are down. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ProviderFailure) || error.providerStatus === null) return false;
  return error.errorClass !== "TRANSIENT" && error.action.kind === "FAIL";
}

function isOutage(error: unknown): boolean {
  return (
    error instanceof ProviderFailure && error.errorClass === "TRANSIENT" && !ownErrorCodes.includes(error.errorCode)
  );
}
