import type { RequestQuota } from "../provider.js";

/** Of Google Calendar, for a project and for each user of it, in a sliding minute. https://developers.google.com/workspace/calendar/api/guides/quota */
export const googleQuotas: RequestQuota[] = [
  { scope: "APPLICATION", requests: 10_000, windowSeconds: 60 },
  { scope: "MAILBOX", requests: 600, windowSeconds: 60 },
];
