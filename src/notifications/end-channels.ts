import { lockConnection } from "../attempts/lock.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import type { ProviderName } from "../providers/provider.js";
import { forgetChannels, type WatchChannel } from "./watch-channels.js";

/** Whose channels they are. */
export interface WatchedConnection {
  firmId: string;
  connectionId: string;
  provider: ProviderName;
  accountEmail: string;
  calendarId: string;
}

/** Ends channels at their provider, as well as that can be done. Resolves to whether all of them have ended. */
export type StopChannels = (connection: WatchedConnection, channels: readonly WatchChannel[]) => Promise<boolean>;

/**
 * Ends a connection's channels, while there is a token to end them with; the provider is asked outside any transaction. They are forgotten
 * first: should what is to come after not happen, the connection's next pull makes a new one instead of relying on one that is no more.
 * Resolves to whether all of them have ended at the provider.
 */
export async function endChannels(
  em: EntityManager,
  connection: WatchedConnection,
  stop: StopChannels,
): Promise<boolean> {
  const channels = await unitOfWork(em, connection.firmId, async (unit) => {
    await lockConnection(unit, connection.connectionId);
    return forgetChannels(unit, connection.connectionId);
  });
  await failpoint("channels.forgotten");
  return stop(connection, channels);
}
