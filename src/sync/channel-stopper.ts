import type { Logger } from "pino";
import type { WatchChannel } from "../notifications/watch-channels.js";
import { ProviderFailure, type CalendarProvider, type ProviderName } from "../providers/provider.js";
import type { AccessTokens } from "./access-tokens.js";
import { RequestLease } from "./request-lease.js";
import type { RequestQuotas } from "./request-quotas.js";

/** Whose channels they are. */
export interface WatchedConnection {
  firmId: string;
  connectionId: string;
  provider: ProviderName;
  accountEmail: string;
  calendarId: string;
}

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

  async stop(connection: WatchedConnection, channels: readonly WatchChannel[]): Promise<void> {
    const provider = this.parts.providers.get(connection.provider);
    if (!provider || channels.length === 0) return;
    const lease = new RequestLease(this.parts.quotas, provider, connection.accountEmail);
    try {
      await this.stopWith(provider, connection, channels, lease);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const { errorCode, providerStatus } = error;
      const { firmId, connectionId } = connection;
      this.parts.log.warn(
        { firmId, connectionId, errorCode, providerStatus },
        "the provider has not ended the channels of a connection: they expire",
      );
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
