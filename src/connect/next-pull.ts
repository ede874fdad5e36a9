import type { UnitOfWork } from "../database/unit-of-work.js";
import type { ConnectParts } from "./connecting.js";

/** When the pull after a connection's first one is made: the first one is queued with the deed. */
export function nextPullAt({ now }: UnitOfWork, { intervalSeconds }: ConnectParts): Date {
  return new Date(now.getTime() + intervalSeconds * 1000);
}
