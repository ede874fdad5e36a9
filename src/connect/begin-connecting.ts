import { lockConnection } from "../attempts/lock.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { Context } from "../context.js";
import { AppError, notFound } from "../errors.js";
import type { RowOf } from "../graphql/rows.js";
import type { ProviderName } from "../providers/provider.js";
import { configuredProvider, ownerIdArgument, returnUrlArgument } from "./connect-arguments.js";
import { startConsent, type StartedConsent } from "./start-consent.js";

interface Wishes {
  returnUrl: string | null | undefined;
  reason: string | null;
}

/** @throws AppError BAD_USER_INPUT naming the argument, or with reason PROVIDER_NOT_CONFIGURED or PUBLIC_URL_MISSING */
export function connectCalendar(
  context: Context,
  request: Wishes & { provider: ProviderName; ownerId: string },
): Promise<StartedConsent> {
  const ownerId = ownerIdArgument(request.ownerId);
  const { connecting } = context;
  const provider = configuredProvider(connecting, request.provider);
  const wishes = { returnUrl: returnUrlArgument(request.returnUrl, connecting), reason: request.reason };
  const consent = { provider, ownerId, connectionId: null, loginHint: null, ...wishes };
  return startConsent(context, connecting, consent, () => Promise.resolve());
}

/** @throws AppError NOT_FOUND; BAD_USER_INPUT with reason CONNECTION_ACTIVE or CONNECTION_PAUSED, and as connectCalendar does */
export async function reconnectCalendar(
  context: Context,
  request: Wishes & { connectionId: string },
): Promise<StartedConsent> {
  const { connectionId } = request;
  const connection = await context.loaders.connection.load(connectionId);
  if (!connection) throw notFound();
  assertRevoked(connection);
  const { connecting } = context;
  const provider = configuredProvider(connecting, connection.provider);
  const wishes = { returnUrl: returnUrlArgument(request.returnUrl, connecting), reason: request.reason };
  const consent = { provider, ownerId: null, connectionId, loginHint: connection.accountEmail, ...wishes };
  return startConsent(context, connecting, consent, async (unit) => {
    const locked = await lockConnection(unit, connectionId);
    if (!locked) throw notFound();
    assertRevoked(locked);
  });
}

/** One that works needs no consent; one that is paused goes on by being resumed. */
function assertRevoked(connection: RowOf<CalendarConnection> | CalendarConnection): void {
  switch (connection.status) {
    case "ACTIVE":
      throw new AppError("BAD_USER_INPUT", "This connection is active; it needs no reconnecting", {
        reason: "CONNECTION_ACTIVE",
      });
    case "PAUSED":
      throw new AppError("BAD_USER_INPUT", "This connection is paused", { reason: "CONNECTION_PAUSED" });
    case "REVOKED":
  }
}
