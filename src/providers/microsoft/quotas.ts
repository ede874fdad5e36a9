import type { RequestQuota } from "../provider.js";

/** Of Outlook's service, for each application and mailbox. https://learn.microsoft.com/graph/throttling-limits */
export const microsoftQuotas: RequestQuota[] = [{ scope: "MAILBOX", requests: 10_000, windowSeconds: 600 }];
