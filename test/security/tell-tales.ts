import fc from "fast-check";
import { schema } from "./ask-for-ids.js";
import { malformedRequests, type Malformed } from "./malformed-requests.js";

/** What the server is made of: SQL, stacks, paths, hosts but its own. */
const innards =
  /\b(select|insert into|update) .{0,80}\b(from|set|values)\b|\bat .{0,80}\.[jt]s:\d|node_modules|\/src\/|\bECONN|127\.0\.0\.1:|relation "|column "|syntax error at or near|violates|INTERNAL_SERVER_ERROR/i;

export interface Asked {
  /** Address of the server. */
  url: string;
  token: string;
  requests: number;
  /** Makes a counterexample smaller before it is told, which takes long. */
  isShrunk: boolean;
}

/** Sends so many malformed requests. `failure` tells the first answer that is no client error or tells too much; null where there is none. */
export async function sendMalformed(asked: Asked): Promise<{ failure: string | null; statuses: Set<number> }> {
  const statuses = new Set<number>();
  const isAnsweredWell = fc.asyncProperty(malformedRequests(schema), async (request) => {
    const { status, text } = await answerTo(asked, request);
    statuses.add(status);
    if (status >= 500 || innards.test(text)) throw new Error(`${status} ${text.slice(0, 500)}`);
  });
  const details = await fc.check(isAnsweredWell, { numRuns: asked.requests, endOnFailure: !asked.isShrunk });
  return { failure: details.failed ? (fc.defaultReportMessage(details) ?? "failed") : null, statuses };
}

async function answerTo({ url, token }: Asked, { method, path, contentType, body }: Malformed) {
  const headers = { authorization: `Bearer ${token}`, "content-type": contentType };
  const response = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
  return { status: response.status, text: (await response.text()).replaceAll(url, "") };
}
