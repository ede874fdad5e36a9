import { sql } from "kysely";
import { endRuns } from "../attempts/end-runs.js";
import { lockConnection } from "../attempts/lock.js";
import { record } from "../audit/record.js";
import { CredentialUnreadableError } from "../connections/credential-cipher.js";
import { loadCredentials, removeCredentials } from "../connections/credentials.js";
import type { Context } from "../context.js";
import { unitOfWork } from "../database/unit-of-work.js";
import { notFound } from "../errors.js";
import { failpoint } from "../failpoints.js";
import { endChannels, type WatchedConnection } from "../notifications/end-channels.js";
import { forgetChannels } from "../notifications/watch-channels.js";
import { ProviderFailure, type ProviderName } from "../providers/provider.js";

export interface DisconnectRequest {
  connectionId: string;
  /** At most 500 characters; kept in the audit. */
  reason: string | null;
}

/** A provider that takes longer keeps nobody from disconnecting. */
const revokeMs = 5_000;

/**
 * Ends a connection for good: its channels end, its tokens are taken back at the provider, where that is possible and no other connection
 * lives on them, and forgotten; its runs end; its appointments stay. Changes and audits nothing on one that is disconnected.
 * @throws AppError NOT_FOUND
 */
export async function disconnectCalendar(context: Context, request: DisconnectRequest): Promise<void> {
  const { actor, em } = context;
  const connection = await find(context, request.connectionId);
  if (!connection) throw notFound();
  if (connection.status_reason === "DISCONNECTED") return;
  await endChannels(em, watched(actor.firmId, connection), context.connecting.stopChannels);
  const isRevokedAtProvider = await revokeAtProvider(context, connection);
  await failpoint("disconnect.revoked");
  await unitOfWork(em, actor.firmId, async (unit) => {
    const locked = await lockConnection(unit, connection.id);
    if (!locked) throw notFound();
    if (locked.statusReason === "DISCONNECTED") return;
    locked.revoke("DISCONNECTED", unit.now);
    await removeCredentials(unit, locked.id);
    await forgetChannels(unit, locked.id);
    await endRuns(unit, locked, { actorId: actor.userId, reason: request.reason });
    record(unit, {
      eventType: "calendar_connection_disconnected",
      actorId: actor.userId,
      resource: { type: "calendar_connection", id: locked.id },
      metadata: {
        provider: locked.provider.toLowerCase(),
        reason: request.reason,
        revoked_at_provider: isRevokedAtProvider,
      },
    });
    await failpoint("disconnect.in-transaction");
  });
  await failpoint("disconnect.committed");
}

interface ConnectionRow {
  id: string;
  provider: ProviderName;
  account_email: string;
  calendar_id: string;
  status_reason: string | null;
}

async function find({ actor, em }: Context, id: string): Promise<ConnectionRow | undefined> {
  const { rows } = await sql<ConnectionRow>`
    select id, provider, account_email, calendar_id, status_reason from calendar_connection where firm_id = ${actor.firmId} and id = ${id}
  `.execute(em.getKysely());
  return rows[0];
}

function watched(firmId: string, connection: ConnectionRow): WatchedConnection {
  const { id: connectionId, provider, account_email: accountEmail, calendar_id: calendarId } = connection;
  return { firmId, connectionId, provider, accountEmail, calendarId };
}

/** Outside any transaction. Whether the provider has confirmed it. */
async function revokeAtProvider(context: Context, connection: ConnectionRow): Promise<boolean> {
  const { actor, connecting, log } = context;
  const { id: connectionId, provider: name, account_email: accountEmail } = connection;
  const provider = connecting.providers.get(name);
  const refreshToken = await storedRefreshToken(context, connectionId);
  if (!provider || refreshToken === null) return false;
  if (await connecting.isAccountShared({ firmId: actor.firmId, connectionId, provider: name, accountEmail })) {
    return false;
  }
  try {
    return await provider.revoke(refreshToken, { signal: AbortSignal.timeout(revokeMs), onRequest: () => undefined });
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const { errorCode, providerStatus } = error;
    log.warn({ connectionId, errorCode, providerStatus }, "the provider has not taken back a connection's tokens");
    return false;
  }
}

/** Null where there is none that can be read: then nothing can be taken back with it. */
async function storedRefreshToken({ actor, em, connecting }: Context, connectionId: string): Promise<string | null> {
  try {
    return (await loadCredentials(em, connecting.cipher, actor.firmId, connectionId))?.refreshToken ?? null;
  } catch (error) {
    if (error instanceof CredentialUnreadableError) return null;
    throw error;
  }
}
