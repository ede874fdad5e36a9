import { appointmentLoaders } from "../appointments/appointment-loaders.js";
import { attemptLoaders } from "../attempts/attempt-loaders.js";
import { connectionLoaders } from "../connections/connection-loaders.js";
import { auditLoaders } from "../audit/audit-loaders.js";
import type { RequestSettings } from "../context.js";
import type { BatchScope } from "./batches.js";

export type Loaders = ReturnType<typeof createLoaders>;

/** A request's loaders: each remembers what it has read, so they live as long as one request and serve one user of one firm. */
export function createLoaders(scope: BatchScope & { userId: string }, settings: RequestSettings) {
  return {
    ...connectionLoaders(scope, settings),
    ...attemptLoaders(scope),
    ...appointmentLoaders(scope),
    ...auditLoaders(scope),
  };
}
