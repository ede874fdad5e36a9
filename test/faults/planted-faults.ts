import type { PlantedFault } from "../support/server-process.js";

/** Mistakes that the tests of this folder must notice: each is planted in the source of a server that one of them starts. */
export const plantedFaults = {
  /** What a worker that was taken to be dead still writes is let in. */
  fenceIsNotChecked: {
    file: "src/sync/attempt-writer.ts",
    find: `if (locked?.run.status !== "RUNNING" || locked.run.fence !== this.attempt.fence) {`,
    replace: "if (!locked) {",
  },
  /** The queue forgets a job before its work is done. */
  jobIsCompletedFirst: {
    file: "src/sync/worker.ts",
    find: `await failpoint("claim.committed");`,
    replace: `await this.parts.boss.complete("sync", job); await failpoint("claim.committed");`,
  },
  /** A run may kill as many workers as it likes. */
  runIsNeverAbandoned: {
    file: "src/attempts/close-attempt.ts",
    find: "const lostWorkersUntilAbandoned = 3;",
    replace: "const lostWorkersUntilAbandoned = 300;",
  },
  /** The run's row stays locked while its page is waited for. */
  transactionAroundTheCall: {
    file: "src/sync/pull.ts",
    find: "const page = await this.resolved(await next);",
    replace: "const page = await this.resolved(await this.writer.write(() => next));",
  },
  /** A server that stops breaks off what it is answering. */
  nothingIsDrained: {
    file: "src/http/drain.ts",
    find: "while (this.#inFlight > 0 && performance.now() < deadline) await pause(lookEveryMs);",
    replace: "server.closeAllConnections();",
  },
  /** What is due is decided by the clock of the process. */
  dueByOwnClock: {
    file: "src/sync/take-due.ts",
    find: "where next_pull_at <= now()",
    replace: "where next_pull_at <= ${new Date().toISOString()}::timestamptz",
  },
  /** The database's own words go to the client, with its address. */
  errorsAreTold: {
    file: "src/graphql/format-error.ts",
    find: `return { message: "Service temporarily unavailable.", extensions: { code: "UNAVAILABLE" } };`,
    replace: `return { message: String(original), extensions: { code: "UNAVAILABLE" } };`,
  },
  /** Whatever a page tells becomes an appointment. */
  windowIsIgnored: {
    file: "src/appointments/merge-events.ts",
    find: 'and ${insideRange("event", page.range)}',
    replace: "",
  },
} as const satisfies Record<string, PlantedFault>;
