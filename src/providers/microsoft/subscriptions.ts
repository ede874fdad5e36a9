import { z } from "zod";
import { providerFailure } from "../failure.js";
import {
  ProviderFailure,
  type ChannelMessage,
  type NotificationRequest,
  type RenewWatchRequest,
  type StopWatchRequest,
  type Watch,
  type WatchRequest,
} from "../provider.js";
import type { CalendarReads } from "./calendar-reads.js";
import type { Graph, GraphAnswer } from "./graph.js";

const subscription = z.object({
  id: z.string().min(1).max(200),
  expirationDateTime: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
});

/**
 * Subscriptions, by which Graph tells that a calendar has changed. Everything throws ProviderFailure, nothing else.
 * Source: learn.microsoft.com/graph/api/resources/subscription, /graph/change-notifications-lifecycle-events.
 */
export class MicrosoftSubscriptions {
  constructor(
    private readonly graph: Graph,
    private readonly reads: CalendarReads,
  ) {}

  /** Before it answers, Graph asks both addresses to repeat a token. */
  async open({ accessToken, address, secret, seconds }: WatchRequest): Promise<Watch> {
    const body = {
      changeType: "created,updated,deleted",
      notificationUrl: address,
      lifecycleNotificationUrl: `${address}/lifecycle`,
      resource: this.reads.eventPaths.events,
      expirationDateTime: expiryAfter(seconds),
      clientState: secret,
    };
    return watchOf(await this.graph.write({ method: "POST", path: "subscriptions", accessToken, body }));
  }

  /** Also lets it go on where Graph wants the subscriber to say again that it may. */
  async renew({ accessToken, channelId, seconds }: RenewWatchRequest): Promise<Watch | null> {
    const body = { expirationDateTime: expiryAfter(seconds) };
    return unlessGone(async () =>
      watchOf(await this.graph.write({ method: "PATCH", path: pathOf(channelId), accessToken, body })),
    );
  }

  async stop({ accessToken, channelId }: StopWatchRequest): Promise<void> {
    await unlessGone(async () => {
      await this.graph.delete(pathOf(channelId), accessToken);
    });
  }
}

/** Graph wants to be told an instant, not a length: of a clock that goes wrong by hours it refuses it, or expires sooner. */
function expiryAfter(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

function pathOf(channelId: string): string {
  return `subscriptions/${encodeURIComponent(channelId)}`;
}

function watchOf({ body, status }: GraphAnswer): Watch {
  const made = subscription.safeParse(body);
  if (!made.success) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
  return { channelId: made.data.id, resourceId: null, expiresAt: made.data.expirationDateTime };
}

/** Whatever word Graph has for it: of a subscription that is not found there is nothing left. */
async function unlessGone<Answer>(asking: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await asking();
  } catch (error) {
    if (error instanceof ProviderFailure && error.providerStatus === 404) return null;
    throw error;
  }
}

const text = z.string().max(1000);
const notification = z.object({
  subscriptionId: text,
  clientState: text.nullish(),
  changeType: text.nullish(),
  lifecycleEvent: text.nullish(),
  resource: text.nullish(),
  resourceData: z.object({ "@odata.etag": text.nullish() }).nullish().catch(null),
});
const notifications = z.object({ value: z.array(notification).max(500) });

type Notification = z.output<typeof notification>;

const lifecycle: Readonly<Record<string, ChannelMessage["kind"]>> = {
  missed: "CHANGED",
  reauthorizationRequired: "ENDING",
  subscriptionRemoved: "ENDED",
};

/** Null for what is no notification; of lifecycle events that are not known a change is made, which does no harm. */
export function microsoftMessages({ body }: NotificationRequest): ChannelMessage[] | null {
  const parsed = notifications.safeParse(body);
  if (!parsed.success) return null;
  return parsed.data.value.map((told) => ({
    secret: told.clientState ?? "",
    channelId: told.subscriptionId,
    kind: told.lifecycleEvent == null ? "CHANGED" : (lifecycle[told.lifecycleEvent] ?? "CHANGED"),
    identity: identityOf(told),
  }));
}

/** An event's etag changes with it; a deletion comes once. What befalls a subscription may befall it again. */
function identityOf({ lifecycleEvent, changeType, resource, resourceData }: Notification): string | null {
  if (lifecycleEvent != null || resource == null) return null;
  const etag = resourceData?.["@odata.etag"];
  if (etag == null && changeType !== "deleted") return null;
  return JSON.stringify([changeType, resource, etag ?? null]);
}
