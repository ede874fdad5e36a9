import { sql } from "kysely";
import type { EntityManager } from "../../database/orm.js";
import { lineOf, summaryOf } from "../../verify/verification-report.js";
import { verify } from "../../verify/verify.js";
import { compareConnections, type ComparedConnection } from "../comparison.js";
import type { RunningDemo } from "../running-demo.js";
import { simulatedCalendarId } from "../simulated-calendar.js";
import type { Tour } from "./tour.js";
import { until } from "./until.js";

export interface TourDatabase {
  /** On the application's login. */
  em: EntityManager;
  /** On the system login. */
  systemEm: EntityManager;
  systemUrl: string;
}

export async function everyInvariantHolds(tour: Tour, { systemUrl }: TourDatabase): Promise<void> {
  tour.heading("Does the database hold together? (npm run verify)");
  const verification = await verify(systemUrl);
  const violated = verification.invariants.filter(({ count }) => count > 0);
  for (const invariant of violated) tour.note(lineOf(invariant));
  tour.check(summaryOf(verification), violated.length === 0);
}

const longestWaitSeconds = 90;

/** What was changed at the provider a moment ago arrives with the next pull. */
export async function everythingEqualsTheProvider(tour: Tour, { em }: TourDatabase): Promise<void> {
  tour.heading("Does every appointment equal the provider's?");
  let connections = await compareWith(tour, em);
  await until(async () => {
    connections = await compareWith(tour, em);
    return connections.every(({ different }) => different === 0) ? true : null;
  }, longestWaitSeconds);
  for (const { id, name, provider, hasSynced, equal, different } of connections) {
    if (hasSynced) tour.note(`${id} ${provider} ${name}: ${equal} equal, ${different} different`);
  }
  const equal = sum(connections, "equal");
  const different = sum(connections, "different");
  tour.check(`${equal} of ${equal + different} appointments equal the provider's`, different === 0);
}

async function compareWith({ simulator }: Tour, em: EntityManager): Promise<ComparedConnection[]> {
  const state = await simulator.state();
  return compareConnections(em, (account, calendar, from, to) =>
    simulator.occurrences(account, simulatedCalendarId(state, account, calendar), from, to),
  );
}

function sum(connections: readonly ComparedConnection[], what: "equal" | "different"): number {
  return connections.reduce((total, connection) => total + connection[what], 0);
}

interface RequestCounts {
  recorded: number;
  received: number;
}

/**
 * Since the server's start: what was counted before belongs to a simulator that has ended. Compared at a moment when no attempt runs;
 * there are such moments between the pulls.
 */
export async function everyRequestIsRecorded(tour: Tour, database: TourDatabase, demo: RunningDemo): Promise<void> {
  tour.heading("Does every provider request belong to a recorded attempt?");
  const counts = { recorded: 0, received: 0 };
  await until(async () => {
    const quiet = await countsWhenQuiet(tour, database, demo);
    Object.assign(counts, quiet);
    return quiet !== null && quiet.recorded === quiet.received ? true : null;
  }, longestWaitSeconds);
  const { recorded, received } = counts;
  tour.note(`the simulator received ${received} requests, the attempts recorded ${recorded}`);
  tour.check("every provider request belongs to a recorded attempt", recorded === received && received > 0);
}

/** Null while a request may be under way. */
async function countsWhenQuiet(
  { simulator }: Tour,
  { systemEm }: TourDatabase,
  { requestsBefore, lastAttemptBefore }: RunningDemo,
): Promise<RequestCounts | null> {
  const before = await simulator.newestRequest(requestsBefore);
  const { rows } = await sql<{ recorded: number; running: number }>`
    select coalesce(sum(request_count), 0)::int as recorded, count(*) filter (where status = 'RUNNING')::int as running
    from sync_attempt where id > ${lastAttemptBefore}
  `.execute(systemEm.getKysely());
  const after = await simulator.newestRequest(requestsBefore);
  const [row] = rows;
  if (!row || row.running > 0 || after !== before) return null;
  return { recorded: row.recorded, received: after - requestsBefore };
}
