import type { Message } from "../notifications/post.js";
import type { Channel } from "../notifications/subscriptions.js";

/** A notification of Google's: headers alone. The first of a channel says that it works, later ones that something changed. */
export function channelMessage(channel: Channel, number: number): Message {
  const { id, token, resourceId, resourceUri, expiresAt } = channel;
  return {
    headers: {
      "X-Goog-Channel-ID": id,
      ...(token === null ? {} : { "X-Goog-Channel-Token": token }),
      "X-Goog-Channel-Expiration": new Date(expiresAt).toUTCString(),
      "X-Goog-Resource-ID": resourceId,
      "X-Goog-Resource-URI": resourceUri,
      "X-Goog-Resource-State": number === 1 ? "sync" : "exists",
      "X-Goog-Message-Number": String(number),
    },
    body: null,
  };
}
