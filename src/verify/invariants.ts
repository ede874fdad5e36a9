import { appointmentInvariants } from "./appointment-invariants.js";
import { attemptInvariants } from "./attempt-invariants.js";
import { auditInvariants } from "./audit-invariants.js";
import { connectionInvariants } from "./connection-invariants.js";
import type { Invariant } from "./invariant.js";
import { managerInvariants } from "./manager-invariants.js";
import { outageInvariants } from "./outage-invariants.js";
import { pushInvariants } from "./push-invariants.js";
import { queueInvariants } from "./queue-invariants.js";
import { runInvariants } from "./run-invariants.js";
import { schemaInvariants } from "./schema-invariants.js";
import { statisticsInvariants } from "./statistics-invariants.js";

/** All that `npm run verify` asks, in its order. */
export const invariants: readonly Invariant[] = [
  ...schemaInvariants,
  ...connectionInvariants,
  ...statisticsInvariants,
  ...runInvariants,
  ...attemptInvariants,
  ...queueInvariants,
  ...outageInvariants,
  ...appointmentInvariants,
  ...pushInvariants,
  ...auditInvariants,
  ...managerInvariants,
];
