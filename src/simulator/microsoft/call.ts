import type { Account } from "../accounts.js";
import type { IncomingRequest } from "../answer.js";
import type { World } from "../world.js";
import type { Preferences } from "./preferences.js";
import type { QueryOptions } from "./query-options.js";

/** A request as the routes see it. */
export interface Call {
  world: World;
  request: IncomingRequest;
  account: Account;
  options: QueryOptions;
  preferences: Preferences;
  /** `http://host:port/v1.0`. */
  root: string;
  /** The path after the root as the client wrote it. */
  path: string;
  /** The path's variable parts, decoded. */
  ids: readonly string[];
  /** How a context names the user. */
  user: string;
}
