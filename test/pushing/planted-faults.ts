import type { PlantedFault } from "../support/server-process.js";

/** Mistakes that the tests of this folder must notice: each is planted in the source of a worker that one of them starts. */
export const plantedFaults = {
  /** A pull takes everything from the provider. */
  unpushedFieldsAreIgnored: {
    file: "src/appointments/unpushed-fields.ts",
    find: "${sql.lit(field)} = any(appointment.unpushed_fields)",
    replace: "${sql.lit(field)} = any('{}'::text[])",
  },
  /** Each try at a new event is under a key of its own. */
  eventIsMadeWithoutKey: {
    file: "src/sync/appointment-push.ts",
    find: "calendar.createEvent({ accessToken, eventKey, content })",
    replace: "calendar.createEvent({ accessToken, eventKey: crypto.randomUUID(), content })",
  },
  /** What has used up its retries is given up. */
  nothingIsRecovered: {
    file: "src/attempts/close-attempt.ts",
    find: "  await recoverPushes(closing, engine);\n",
    replace: "",
  },
  /** A full round cancels what was pushed after it was listed. */
  pushedIsSwept: {
    file: "src/sync/attempt-writer.ts",
    find: 'const pushedBefore = kind === "FULL" ? run.startedAt : null;',
    replace: "const pushedBefore = null; void kind;",
  },
} as const satisfies Record<string, PlantedFault>;
