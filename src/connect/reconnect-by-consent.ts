import { goOnAfterReconnect } from "../attempts/connect-run.js";
import { lockConnection } from "../attempts/lock.js";
import { record } from "../audit/record.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import { storeCredentials } from "../connections/credentials.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import type { ConsentContext } from "./connecting.js";
import { nextPullAt } from "./next-pull.js";
import { ConsentRefusedError } from "./refusals.js";
import { removeConsent, type PendingGrant, type StoredConsent } from "./stored-consent.js";

/**
 * Gives a revoked connection the tokens that its account has just granted, in one transaction with everything that follows from it.
 * @throws ConsentRefusedError; then nothing has changed
 */
export async function reconnectByConsent(
  context: ConsentContext,
  firmId: string,
  consent: StoredConsent & { connectionId: string },
  grant: PendingGrant,
): Promise<void> {
  const { connectionId, returnUrl } = consent;
  await unitOfWork(context.em, firmId, async (unit) => {
    const connection = await lockConnection(unit, connectionId);
    if (!connection) throw new ConsentRefusedError("CONNECTION_GONE", returnUrl);
    if (!isOfAccount(connection, grant)) throw new ConsentRefusedError("OTHER_ACCOUNT", returnUrl);
    if (connection.status !== "REVOKED") throw new ConsentRefusedError("ALREADY_CONNECTED", returnUrl);
    await reconnect(context, unit, connection, { consent, grant });
    await removeConsent(unit, consent.id);
    await failpoint("reconnect.in-transaction");
  });
  await failpoint("reconnect.committed");
}

function isOfAccount({ accountEmail }: CalendarConnection, { addresses }: PendingGrant): boolean {
  return addresses.some((address) => address.toLowerCase() === accountEmail.toLowerCase());
}

/** Of a locked connection that is revoked, however its user has come back to it. */
export async function reconnect(
  { runs, connecting }: ConsentContext,
  unit: UnitOfWork,
  connection: CalendarConnection,
  { consent, grant }: { consent: StoredConsent; grant: PendingGrant },
): Promise<void> {
  const reasonBefore = connection.statusReason;
  const by = { actorId: consent.userId, reason: consent.reason, nextPullAt: nextPullAt(unit, connecting) };
  await storeCredentials(unit, connecting.cipher, connection.id, grant.refreshToken, grant.scopes);
  const run = await goOnAfterReconnect(unit, runs, connection, by);
  record(unit, {
    eventType: "calendar_connection_reconnected",
    actorId: consent.userId,
    resource: { type: "calendar_connection", id: connection.id },
    correlationId: run.correlationId,
    metadata: {
      provider: connection.provider.toLowerCase(),
      reason: consent.reason,
      revoked_because: reasonBefore?.toLowerCase() ?? null,
    },
  });
}
