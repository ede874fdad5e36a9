import type { Logger } from "pino";
import type { WatchedConnection } from "../notifications/end-channels.js";
import type { WatchChannel } from "../notifications/watch-channels.js";
import { ProviderFailure, type CalendarProvider, type ProviderName } from "../providers/provider.js";
import type { AccessTokens } from "./access-tokens.js";
import { RequestLease } from "./request-lease.js";
import type { RequestQuotas } from "./request-quotas.js";

export interface ChannelStopperParts {
  tokens: AccessTokens;
  quotas: RequestQuotas;
  providers: ReadonlyMap<ProviderName, CalendarProvider>;
  log: Logger;
}

/** A provider that takes longer keeps nobody waiting. */
const stopMs = 5_000;

/** Ends channels at their provider, outside any attempt and any transaction, as well as that can be done: what stays there expires. */
export class ChannelStopper {
  constructor(private readonly parts: ChannelStopperParts) {}

  /** Resolves to whether all of them have ended there. */
  async stop(connection: WatchedConnection, channels: readonly WatchChannel[]): Promise<boolean> {
    if (channels.length === 0) return true;
    const provider = this.parts.providers.get(connection.provider);
    if (!provider) return false;
    const lease = new RequestLease(this.parts.quotas, provider, connection.accountEmail);
    try {
      await this.stopWith(provider, connection, channels, lease);
      return true;
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const { errorCode, providerStatus } = error;
      const { firmId, connectionId } = connection;
      this.parts.log.warn(
        { firmId, connectionId, errorCode, providerStatus },
        "the provider has not ended the channels of a connection: they expire",
      );
      return false;
    } finally {
      await lease.end();
    }
  }

  private async stopWith(
    provider: CalendarProvider,
    connection: WatchedConnection,
    channels: readonly WatchChannel[],
    lease: RequestLease,
  ): Promise<void> {
    const signal = AbortSignal.timeout(stopMs);
    const call = { signal, admit: () => lease.admit(signal), onRequest: () => undefined };
    const { firmId, connectionId, calendarId } = connection;
    const accessToken = await this.parts.tokens.get({ firmId, connectionId, provider, call, refused: null });
    const calendar = provider.openCalendar(calendarId, call);
    for (const { channelId, resourceId } of channels) {
      await calendar.stopWatch({ accessToken, channelId, resourceId });
    }
  }
}
