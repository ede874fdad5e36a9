import type { ProviderName } from "../../src/providers/provider.js";
import { plantedFaults as pushFaults } from "../pushing/planted-faults.js";
import { plantedFaults as serverFaults } from "../faults/planted-faults.js";
import type { PlantedFault } from "../support/server-process.js";
import type { HistoryPlan } from "./commands.js";

/** A mistake, and a history that is enough to notice it. */
export interface PlantedInHistory extends PlantedFault, Pick<HistoryPlan, "commands" | "habits"> {
  /** Where the other provider leaves no room for the mistake. */
  onlyWith?: ProviderName;
}

/** Mistakes that the histories must notice. */
export const plantedFaults: Readonly<Record<string, PlantedInHistory>> = {
  eventsAreNotFoundByTheirId: {
    file: "src/appointments/merge-events.ts",
    find: "and appointment.external_event_id = event.external_event_id\n      union all",
    replace: "and appointment.external_event_id = event.title\n      union all",
    commands: [{ kind: "retitle", which: 0, amount: 0 }],
  },
  roundsAreSweptBeforeTheyAreComplete: {
    file: "src/sync/pull.ts",
    find: "if (page.nextPageToken === null) {\n        await this.finish(page, round);",
    replace: "if (page.changes.length >= 0) {\n        await this.finish(page, round);",
    commands: [{ kind: "resync", which: 0, amount: 0 }],
    habits: { pages: "empty" },
  },
  theWindowIsIgnored: {
    ...serverFaults.windowIsIgnored,
    onlyWith: "GOOGLE", // Microsoft tells nothing of what lies elsewhere
    commands: [{ kind: "createOutside", which: 0, amount: 2 }],
  },
  cancelledInstancesAreIgnored: {
    file: "src/appointments/apply-changes.ts",
    find: 'removed: last.flatMap((change) => (change.kind === "event" ? [] : [change.externalEventId])),',
    replace: "removed: [],",
    commands: [{ kind: "cancelInstance", which: 0, amount: 1 }],
  },
  eventsAreMadeWithoutKey: {
    ...pushFaults.eventIsMadeWithoutKey,
    commands: [
      { kind: "fault", fault: "lostAnswer", on: "writes", times: 1 },
      { kind: "createHere", which: 0, amount: 3 },
    ],
  },
  otherRunsAreOverlooked: {
    file: "src/attempts/only-run.ts",
    find: "return rows[0]?.is_alone ?? false;",
    replace: "return rows.length > 0;",
    commands: [
      { kind: "fault", fault: "unavailable", on: "reads", times: 2 },
      { kind: "pull", which: 0, amount: 0 },
    ],
  },
  theLastPageIsLost: {
    file: "src/sync/attempt-writer.ts",
    find: "const applied = await this.apply(unit, run, page.changes, round);\n        run.checkpoint(null,",
    replace: "const applied = await this.apply(unit, run, [], round);\n        run.checkpoint(null,",
    commands: [{ kind: "create", which: 0, amount: 3 }],
  },
};
