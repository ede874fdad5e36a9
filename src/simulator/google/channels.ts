import { createHash } from "node:crypto";
import { z } from "zod";
import type { Account } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import { isHttps, isLoopback, isWebAddress } from "../notifications/addresses.js";
import type { Channel } from "../notifications/subscriptions.js";
import type { World } from "../world.js";
import { GoogleError, invalidBody } from "./google-error.js";

/** Channels, over which the service notifies of a calendar's changes. */

const USUAL_LIFE_MS = 7 * 86_400_000;
const LONGEST_LIFE_MS = 30 * 86_400_000;

const channelBody = z.object({
  id: z.string().regex(/^[A-Za-z0-9\-_+/=]{1,64}$/),
  type: z.enum(["web_hook", "webhook"]),
  address: z.string(),
  token: z.string().max(256).nullish(),
  expiration: z.union([z.string().regex(/^\d+$/), z.number()]).nullish(),
  params: z.object({ ttl: z.string().regex(/^\d+$/).nullish() }).nullish(),
});

type ChannelBody = z.output<typeof channelBody>;

/** `events.watch`: a channel for a week unless the client says otherwise, a month at most. Nothing renews it. Throws GoogleError. */
export function watchBody(
  world: World,
  account: Account,
  calendar: SimulatedCalendar,
  text: unknown,
  url: string,
): Record<string, unknown> {
  const parsed = channelBody.safeParse(text);
  if (!parsed.success) throw invalidBody(`Invalid value for: ${parsed.error.issues[0]?.path.join(".") ?? "body"}`);
  const { id, address, token = null } = parsed.data;
  refuseAddress(world, address);
  if (world.subscriptions.find(id)) throw refusal(400, "channelIdNotUnique", `Channel id ${id} not unique`);
  const { incarnation } = calendar.description;
  const resourceId = createHash("sha256").update(`resource ${incarnation}`).digest("base64url").slice(0, 27);
  const channel: Channel = {
    kind: "channel",
    ...{ id, address, token, resourceId, resourceUri: url },
    ...{ account: account.email, calendar: incarnation, expiresAt: expiryOf(parsed.data, world.clock.now()) },
    ...{ toldSeq: calendar.seq, toldPosition: -1, messages: 0 },
  };
  world.subscriptions.add(channel);
  const expiration = String(channel.expiresAt);
  return { kind: "api#channel", id, resourceId, resourceUri: url, ...(token === null ? {} : { token }), expiration };
}

/** `channels.stop`. Throws GoogleError 404 for a channel that is none, is over, or watches something else. */
export function stopChannel(world: World, account: Account, text: unknown): void {
  const { id, resourceId } = z.object({ id: z.string(), resourceId: z.string() }).safeParse(text).data ?? {};
  if (id === undefined) throw refusal(400, "required", "Required");
  const channel = world.subscriptions.find(id);
  const isKnown = channel?.kind === "channel" && channel.account === account.email;
  if (!isKnown || channel.resourceId !== resourceId) throw refusal(404, "notFound", `Channel '${id}' not found`);
  world.subscriptions.remove(id);
}

function refuseAddress(world: World, address: string): void {
  if (!isWebAddress(address)) throw invalidBody("Invalid value for: address");
  if (isLoopback(address)) return;
  if (!isHttps(address)) throw refusal(400, "push.webhookUrlNotHttps", `WebHook callback must be HTTPS: ${address}`);
  if (!world.notifiesAnywhere)
    throw refusal(401, "push.webhookUrlUnauthorized", `Unauthorized WebHook callback channel: ${address}`);
}

function expiryOf({ expiration, params }: ChannelBody, now: number): number {
  const wanted = expiration == null ? now + lifeOf(params?.ttl) : Number(expiration);
  if (wanted <= now) throw invalidBody("Invalid value for: expiration");
  return Math.min(wanted, now + LONGEST_LIFE_MS);
}

function lifeOf(ttlSeconds: string | null | undefined): number {
  return ttlSeconds == null ? USUAL_LIFE_MS : Number(ttlSeconds) * 1000;
}

function refusal(status: number, reason: string, message: string): GoogleError {
  return new GoogleError({ status, reason, message });
}
