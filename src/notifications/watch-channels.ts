import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import type { Watch } from "../providers/provider.js";

/** A channel of a connection as it is stored. */
export interface WatchChannel {
  /** Ours. */
  id: string;
  /** The provider's. */
  channelId: string;
  resourceId: string | null;
  address: string;
  keyVersion: number;
  /** In the last quarter of its life, or the provider wants it to be renewed. */
  isEnding: boolean;
}

/** Newest first. */
export async function channelsOf(
  { em, firmId }: Pick<UnitOfWork, "em" | "firmId">,
  connectionId: string,
): Promise<WatchChannel[]> {
  const { rows } = await prepared(
    em,
    sql<WatchChannel>`
    select id, channel_id as "channelId", resource_id as "resourceId", address, key_version as "keyVersion",
      wants_renewal or now() >= expires_at - (expires_at - renewed_at) / 4 as "isEnding"
    from watch_channel where firm_id = ${firmId} and connection_id = ${connectionId} order by renewed_at desc, id
  `,
  );
  return rows;
}

export interface NewChannel extends Watch {
  id: string;
  connectionId: string;
  address: string;
  keyVersion: number;
}

/** One that has expired by the database's clock is kept for a moment: it is renewed at the next pull. */
export async function storeChannel({ em, firmId, now }: UnitOfWork, channel: NewChannel): Promise<void> {
  const { id, connectionId, channelId, resourceId, address, keyVersion, expiresAt } = channel;
  await sql`
    insert into watch_channel (firm_id, id, connection_id, channel_id, resource_id, address, key_version, renewed_at, expires_at)
    values (${firmId}, ${id}, ${connectionId}, ${channelId}, ${resourceId}, ${address}, ${keyVersion}, ${now},
      greatest(${expiresAt}::timestamptz, ${now}::timestamptz + interval '1 second'))
  `.execute(em.getKysely());
}

export async function storeRenewal({ em, firmId, now }: UnitOfWork, id: string, { expiresAt }: Watch): Promise<void> {
  await sql`
    update watch_channel set renewed_at = ${now}, wants_renewal = false,
      expires_at = greatest(${expiresAt}::timestamptz, ${now}::timestamptz + interval '1 second')
    where firm_id = ${firmId} and id = ${id}
  `.execute(em.getKysely());
}

/** The next pull renews it. */
export async function wantRenewal({ em, firmId }: UnitOfWork, id: string): Promise<void> {
  await sql`update watch_channel set wants_renewal = true where firm_id = ${firmId} and id = ${id}`.execute(
    em.getKysely(),
  );
}

export async function forgetChannel({ em, firmId }: UnitOfWork, id: string): Promise<void> {
  await sql`delete from watch_channel where firm_id = ${firmId} and id = ${id}`.execute(em.getKysely());
}

/** All of a connection. Returns what was there, to be stopped at the provider. */
export async function forgetChannels(unit: UnitOfWork, connectionId: string): Promise<WatchChannel[]> {
  const channels = await channelsOf(unit, connectionId);
  await sql`
    delete from watch_channel where firm_id = ${unit.firmId} and connection_id = ${connectionId}
  `.execute(unit.em.getKysely());
  return channels;
}
