import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { StartedAttempt } from "../attempts/start-attempt.js";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";
import { failpoint } from "../failpoints.js";
import type { NotificationAddressOf } from "../notifications/notification-address.js";
import type { NotificationSecrets } from "../notifications/notification-secret.js";
import {
  channelsOf,
  forgetChannel,
  storeChannel,
  storeRenewal,
  type WatchChannel,
} from "../notifications/watch-channels.js";
import { ProviderFailure, type Watch } from "../providers/provider.js";
import type { AttemptWriter } from "./attempt-writer.js";
import type { CalendarAccess } from "./calendar-access.js";

/** Below the seven days that Outlook allows at most; Google allows more. */
const lifeSeconds = 6 * 86_400;
/** After a refusal. */
const restSeconds = 3600;

export interface ChannelKeeperParts {
  em: EntityManager;
  addressOf: NotificationAddressOf;
  secrets: NotificationSecrets;
}

/** One attempt at a pull, which is about to succeed. */
export interface Keeping {
  attempt: StartedAttempt;
  access: CalendarAccess;
  writer: AttemptWriter;
  /** The attempt's. */
  log: Logger;
}

/**
 * Sees to it that a connection has one channel, which goes on: makes it, renews it in the last quarter of its life, and ends what is too
 * many, leads to another address or has a secret of another key. A new one is there before the old one ends. What the provider refuses
 * fails nothing, and is asked for again an hour later.
 *
 * It is part of a pull: one process at a time does it for a connection, and its requests are the attempt's. Killed between any two
 * lines it leaves a channel that nobody knows at most, whose notifications are dropped until it expires.
 */
export class ChannelKeeper {
  constructor(private readonly parts: ChannelKeeperParts) {}

  /** @throws FencedOffError, CancelledError */
  async keep(keeping: Keeping): Promise<void> {
    const { em } = this.parts;
    const { firmId, connection, startedAt } = keeping.attempt;
    const address = await this.parts.addressOf(connection.provider);
    const channels = await inFirm(firmId, () => channelsOf({ em, firmId }, connection.id));
    const current = channels.find((channel) => this.isCurrent(channel, address));
    const isResting = connection.watchRefusedUntil !== null && connection.watchRefusedUntil > startedAt;
    if (address !== null && isResting && (!current || current.isEnding)) return;
    const kept = address === null ? null : await this.lasting(keeping, current, address);
    if (address !== null && kept === null) return;
    for (const channel of channels) if (channel.id !== kept) await this.end(keeping, channel);
  }

  private isCurrent({ address, keyVersion }: WatchChannel, wanted: string | null): boolean {
    return address === wanted && keyVersion === this.parts.secrets.keyVersion;
  }

  /** The id of the channel that goes on; null where the provider has refused it. */
  private async lasting(keeping: Keeping, current: WatchChannel | undefined, address: string): Promise<string | null> {
    if (current && !current.isEnding) return current.id;
    try {
      if (current && (await this.renew(keeping, current))) return current.id;
      return await this.make(keeping, address);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      await this.rest(keeping, error);
      return null;
    }
  }

  private async renew({ access, writer }: Keeping, { id, channelId }: WatchChannel): Promise<boolean> {
    const renewed = await access.ask((calendar, accessToken) =>
      calendar.renewWatch({ accessToken, channelId, seconds: lifeSeconds }),
    );
    if (renewed === null) return false;
    await failpoint("channel.renewed");
    await writer.withConnection((unit) => storeRenewal(unit, id, renewed));
    return true;
  }

  /** Null where the connection was stopped meanwhile: then it stops again. */
  private async make(keeping: Keeping, address: string): Promise<string | null> {
    const { attempt, access, writer } = keeping;
    const { keyVersion } = this.parts.secrets;
    const { firmId, connection } = attempt;
    const id = randomUUID();
    const place = { provider: connection.provider, firmId, connectionId: connection.id, id };
    const secret = this.parts.secrets.secretFor(place);
    const made = await access.ask((calendar, accessToken) =>
      calendar.watch({ accessToken, id, address, secret, seconds: lifeSeconds }),
    );
    await failpoint("channel.made");
    const isStored = await writer.withConnection((unit, { id: connectionId }) =>
      storeChannel(unit, { ...made, id, connectionId, address, keyVersion }),
    );
    await failpoint("channel.stored");
    if (isStored) return id;
    await this.stop(keeping, made);
    return null;
  }

  private async end(keeping: Keeping, channel: WatchChannel): Promise<void> {
    await this.stop(keeping, channel);
    await failpoint("channel.stopped");
    await keeping.writer.withConnection((unit) => forgetChannel(unit, channel.id));
  }

  /** One that does not stop expires, and is no longer known. */
  private async stop({ access, log }: Keeping, { channelId, resourceId }: Omit<Watch, "expiresAt">): Promise<void> {
    try {
      await access.ask((calendar, accessToken) => calendar.stopWatch({ accessToken, channelId, resourceId }));
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      tell(log, error, "the provider has not ended a channel");
    }
  }

  /** What only this process broke off was not refused. */
  private async rest({ writer, log }: Keeping, refusal: ProviderFailure): Promise<void> {
    if (refusal.errorCode === "CALL_ABORTED") return;
    tell(log, refusal, "the provider has made no channel: changes are found by pulls alone");
    await writer.withConnection((unit, connection) => {
      connection.watchRefusedUntil = new Date(unit.now.getTime() + restSeconds * 1000);
      return Promise.resolve();
    });
  }
}

function tell(log: Logger, { errorCode, providerStatus }: ProviderFailure, what: string): void {
  log.warn({ errorCode, providerStatus }, what);
}
