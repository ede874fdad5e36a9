import { sql } from "kysely";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";
import { endChannels, type StopChannels, type WatchedConnection } from "../notifications/end-channels.js";
import type { ProviderName } from "../providers/provider.js";

/** A provider that is down would keep a firm of thousands of connections from being erased. */
const mostFailures = 3;

/**
 * Ends the channels of connections that are about to be erased, while there is a token to end them with. What a provider does not end
 * expires there; one that has failed three times in a row is asked no more.
 */
export class ChannelEnding {
  private readonly failures = new Map<ProviderName, number>();

  constructor(
    private readonly em: EntityManager,
    private readonly stop: StopChannels,
  ) {}

  async end(firmId: string, connectionId: string): Promise<void> {
    const connection = await this.watched(firmId, connectionId);
    if (!connection) return;
    const failures = this.failures.get(connection.provider) ?? 0;
    if (failures >= mostFailures) return;
    const haveEnded = await endChannels(this.em, connection, this.stop);
    this.failures.set(connection.provider, haveEnded ? 0 : failures + 1);
  }

  /** Undefined where it has no channel. */
  private async watched(firmId: string, connectionId: string): Promise<WatchedConnection | undefined> {
    const { rows } = await inFirm(firmId, () =>
      sql<WatchedConnection>`
        select firm_id as "firmId", id as "connectionId", provider, account_email as "accountEmail", calendar_id as "calendarId"
        from calendar_connection connection
        where firm_id = ${firmId} and id = ${connectionId} and exists (
          select from watch_channel channel where channel.firm_id = connection.firm_id and channel.connection_id = connection.id
        )
      `.execute(this.em.getKysely()),
    );
    return rows[0];
  }
}
