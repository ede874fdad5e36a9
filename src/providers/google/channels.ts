import { gaxios } from "google-auth-library";
import { z } from "zod";
import type { RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import type {
  ChannelMessage,
  NotificationRequest,
  ProviderFailure,
  StopWatchRequest,
  Watch,
  WatchRequest,
} from "../provider.js";
import { googleFailure } from "./errors.js";
import { isNotFound, type GoogleRequests } from "./requests.js";

/** A refusal says nothing about the calendar, which may be read all the same. */
const channelRequest: RefusedRequest = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false, isWrite: true };

const channel = z.object({
  id: z.string().min(1),
  resourceId: z.string().min(1),
  expiration: z.union([z.string().regex(/^\d{1,15}$/), z.int().positive()]).transform(Number),
});

/**
 * Channels, over which Google tells that a calendar has changed. Everything throws ProviderFailure, nothing else.
 * Source: developers.google.com/workspace/calendar/api/guides/push.
 */
export class GoogleChannels {
  constructor(private readonly requests: GoogleRequests) {}

  /** Google renews no channel: each is made with its whole life. */
  async open({ accessToken, id, address, secret, seconds }: WatchRequest): Promise<Watch> {
    const { api, calendarId } = this.requests;
    const requestBody = { id, type: "web_hook", address, token: secret, params: { ttl: String(seconds) } };
    try {
      return await this.requests.send(channelRequest, accessToken, watchOf, (options) =>
        api.events.watch({ calendarId, requestBody }, options),
      );
    } catch (error) {
      throw refusedAddress(googleFailure(error, channelRequest));
    }
  }

  async stop({ accessToken, channelId: id, resourceId }: StopWatchRequest): Promise<void> {
    const { api } = this.requests;
    try {
      await this.requests.send(
        channelRequest,
        accessToken,
        () => true,
        (options) => api.channels.stop({ requestBody: { id, resourceId } }, options),
      );
    } catch (error) {
      const failure: ProviderFailure = googleFailure(error, channelRequest);
      if (!isNotFound(failure)) throw failure;
    }
  }
}

const addressRefusal = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })).min(1) }) });

/** An address that Google does not take is refused with the status of a bad token, which another token would not mend. */
function refusedAddress(failure: ProviderFailure): ProviderFailure {
  const { cause, providerStatus } = failure;
  const body: unknown = cause instanceof gaxios.GaxiosError ? cause.response?.data : null;
  const reasons = addressRefusal.safeParse(body).data?.error.errors ?? [];
  const isOfAddress = reasons.some(({ reason }) => reason.startsWith("push."));
  return isOfAddress ? providerFailure("REQUEST_REFUSED", { providerStatus, cause }) : failure;
}

function watchOf(answer: unknown): Watch | null {
  const made = channel.safeParse(answer);
  if (!made.success) return null;
  const { id: channelId, resourceId, expiration } = made.data;
  return { channelId, resourceId, expiresAt: new Date(expiration) };
}

const states: Readonly<Record<string, ChannelMessage["kind"]>> = {
  sync: "CREATED",
  exists: "CHANGED",
  not_exists: "CHANGED",
};

/** Headers alone, no body. Null for what is no message of a channel. */
export function googleMessages(request: NotificationRequest): ChannelMessage[] | null {
  const [secret, channelId] = [request.header("x-goog-channel-token"), request.header("x-goog-channel-id")];
  const kind = states[request.header("x-goog-resource-state") ?? ""];
  const number = request.header("x-goog-message-number") ?? "";
  if (secret === undefined || channelId === undefined || kind === undefined || !/^\d{1,15}$/.test(number)) return null;
  return [{ secret, channelId, kind, identity: Number(number) }];
}
