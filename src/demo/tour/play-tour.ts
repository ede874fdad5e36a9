import type { EntityManager } from "../../database/orm.js";
import { areFirstPullsOver } from "../first-pulls.js";
import type { RunningDemo } from "../running-demo.js";
import {
  everyInvariantHolds,
  everyRequestIsRecorded,
  everythingEqualsTheProvider,
  type TourDatabase,
} from "./final-checks.js";
import { makeAnAppointment } from "./changes.js";
import { askTheOlderRoutes } from "./older-routes.js";
import {
  howIsAConnection,
  newestAuditEvent,
  whatBecomesOfARevokedAccount,
  whatHasFailed,
  whoDidWhat,
  whoMay,
} from "./questions.js";
import { replayAnExhaustedAttempt } from "./replays.js";
import { resyncAYear, resyncOneAppointment, resyncTheConnection } from "./resyncs.js";
import { cancelARun, pauseAndResume } from "./stops.js";
import type { Tour } from "./tour.js";
import { until } from "./until.js";

const steps: readonly ((tour: Tour) => Promise<void>)[] = [
  howIsAConnection,
  whatHasFailed,
  resyncTheConnection,
  resyncAYear,
  replayAnExhaustedAttempt,
  resyncOneAppointment,
  makeAnAppointment,
  whatBecomesOfARevokedAccount,
  pauseAndResume,
  cancelARun,
  askTheOlderRoutes,
  whoMay,
];

/**
 * Plays the README's story against a running demo. While it plays the providers are reliable, so that each step shows what it is
 * about; then they are again as they were. What goes wrong in a step is a failed check, and the next step follows.
 */
export async function playTour(tour: Tour, database: TourDatabase, demo: RunningDemo): Promise<void> {
  const { simulator } = tour;
  const profile = await profileAfterFirstSync(tour, database.em);
  await simulator.post("profile", { profile: null });
  try {
    const newestBefore = await newestAuditEvent(tour);
    for (const step of steps) await played(tour, step);
    await played(tour, () => whoDidWhat(tour, newestBefore));
    await played(tour, () => everyInvariantHolds(tour, database));
    await played(tour, () => everythingEqualsTheProvider(tour, database));
    await played(tour, () => everyRequestIsRecorded(tour, database, demo));
  } finally {
    await simulator.post("profile", { profile });
  }
}

async function played(tour: Tour, step: (tour: Tour) => Promise<void>): Promise<void> {
  try {
    await step(tour);
  } catch (error) {
    tour.check(error instanceof Error ? error.message : String(error), false);
  }
}

/** The providers become unreliable when everything has synced for the first time; a tour that comes earlier waits for it. */
async function profileAfterFirstSync({ simulator }: Tour, em: EntityManager): Promise<string | null> {
  const isOver = (): Promise<boolean> => areFirstPullsOver(em, null);
  if (!(await isOver())) await until(async () => ((await isOver()) ? true : null), 60);
  return until(async () => (await simulator.state()).profile, 3);
}
