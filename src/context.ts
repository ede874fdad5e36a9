import type { Logger } from "pino";
import type { Actor } from "./access/actor.js";
import type { EntityManager } from "./database/orm.js";
import type { Loaders } from "./graphql/loaders.js";
import type { RunQueue } from "./attempts/run-queue.js";
import type { Connecting } from "./connect/connecting.js";

/** What resolvers and use cases are given: one a request. */
export interface Context {
  actor: Actor;
  /** The application's login; every query on it is bound to the actor's firm. */
  em: EntityManager;
  log: Logger;
  requestId: string;
  runs: RunQueue;
  loaders: Loaders;
  settings: RequestSettings;
  connecting: Connecting;
}

/** What requests need of the configuration. */
export interface RequestSettings {
  /** How long a mutation waits for its run when the client does not say. */
  waitSeconds: number;
  /** A connection without success for so long is stale. */
  staleAfterSeconds: number;
}
