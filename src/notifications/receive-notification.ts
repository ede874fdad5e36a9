import type { Logger } from "pino";
import { lockConnection } from "../attempts/lock.js";
import { queueNotifiedPull } from "../attempts/queue-notified-pull.js";
import type { RunQueue } from "../attempts/run-queue.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import type { notificationOutcomes } from "../metrics/labels.js";
import type { ChannelMessage, ProviderName } from "../providers/provider.js";
import type { MessageOrder } from "./message-order.js";
import type { ChannelPlace, NotificationSecrets } from "./notification-secret.js";
import { channelsOf, forgetChannel, wantRenewal } from "./watch-channels.js";

/** What notifications are received with. */
export interface NotificationContext {
  /** The application's login. */
  em: EntityManager;
  runs: RunQueue;
  secrets: NotificationSecrets;
  order: MessageOrder;
  /** Between two pulls of a connection without a channel. */
  intervalSeconds: number;
  log: Logger;
}

/**
 * What has become of the messages of one channel. FORGED: the secret is none of ours. CREATED: the channel works. UNKNOWN: there is no such
 * channel any more. INACTIVE: its connection is paused, revoked or erased. REPLAYED: it has come before. Else what has become of the pull.
 */
export type NotificationOutcome = (typeof notificationOutcomes)[number];

/**
 * Messages that a provider has sent to our address. Those with a secret that was not made here are refused before the database is asked
 * anything; the others queue a pull at most, in a transaction for each channel. Returns what has become of each channel's.
 */
export async function receiveMessages(
  context: NotificationContext,
  provider: ProviderName,
  messages: readonly ChannelMessage[],
): Promise<NotificationOutcome[]> {
  const outcomes: NotificationOutcome[] = [];
  const ofSecret = Map.groupBy(messages, ({ secret }) => secret);
  for (const [secret, told] of ofSecret) {
    const place = context.secrets.placeOf(provider, secret);
    const outcome = place ? await receive(context, place, told) : "FORGED";
    tell(context.log, provider, place, outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** Ids alone: of a forged one not even those, which anybody may have written. */
function tell(log: Logger, provider: ProviderName, place: ChannelPlace | null, outcome: NotificationOutcome): void {
  const ids = place && { firmId: place.firmId, connectionId: place.connectionId, channelId: place.id };
  const line = { provider, ...ids, outcome };
  if (outcome === "FORGED") log.warn(line, "notification refused");
  else log.info(line, "notification");
}

async function receive(
  context: NotificationContext,
  place: ChannelPlace,
  messages: readonly ChannelMessage[],
): Promise<NotificationOutcome> {
  const told = messages.filter(({ kind }) => kind !== "CREATED");
  if (told.length === 0) return "CREATED";
  const outcome = await unitOfWork(context.em, place.firmId, async (unit) => {
    const connection = await lockConnection(unit, place.connectionId);
    if (connection?.status !== "ACTIVE") return "INACTIVE";
    const channel = (await channelsOf(unit, connection.id)).find(({ id }) => id === place.id);
    const own = told.filter(({ channelId }) => channelId === channel?.channelId);
    if (!channel || own.length === 0) return "UNKNOWN";
    const fresh = await context.order.noteNew(
      unit,
      channel.id,
      own.map(({ identity }) => identity),
    );
    if (fresh === 0) return "REPLAYED";
    await noteLife(context, unit, { connection, channelId: channel.id }, own);
    const pull = await queueNotifiedPull(unit, context.runs, connection);
    await failpoint("notification.in-transaction");
    return pull;
  });
  await failpoint("notification.committed");
  return outcome;
}

/** A channel that is no more is forgotten, and the connection is pulled as often as without one. */
async function noteLife(
  { intervalSeconds }: NotificationContext,
  unit: UnitOfWork,
  { connection, channelId }: { connection: CalendarConnection; channelId: string },
  messages: readonly ChannelMessage[],
): Promise<void> {
  const kinds = new Set(messages.map(({ kind }) => kind));
  if (kinds.has("ENDING")) await wantRenewal(unit, channelId);
  if (!kinds.has("ENDED")) return;
  await forgetChannel(unit, channelId);
  connection.advanceNextPull(unit.now, intervalSeconds);
}
