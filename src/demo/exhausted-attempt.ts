import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";
import type { Control } from "../simulator/control.js";
import { startFirstPulls } from "./first-pulls.js";
import { demoFirmId } from "./seed.js";

/**
 * The demo has one failure whose retries are used up: attempt 789, of a manager's resync of one appointment, made by real calls
 * before anything else runs on a new database. Its calendar is synced, its provider then fails to tell the event six times, which takes
 * attempts 784 to 789. Later pulls do not resolve it, a replay does. Appointments made from then on begin at 456.
 */
const exhaustedAccount = "holidays@example.com";

const firstFailureId = 784;
const exhaustedAttemptId = 789;
const firstAppointmentId = 456;
const singleEvents = {
  provider: "google",
  account: exhaustedAccount,
  method: "GET",
  pathRegex: "/events/[^?]",
} as const;
const longestWaitMs = 30_000;
const lookEveryMs = 20;

/** A server that works on the demo's database, with retries that do not wait. */
export interface PreparingServer {
  /** Asks as the demo's manager. @throws Error for a refusal */
  ask(query: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Whether attempt 789 has still to be made. */
export async function needsExhaustedAttempt(em: EntityManager): Promise<boolean> {
  const { rows } = await inFirm(demoFirmId, () =>
    sql`select from sync_attempt where firm_id = ${demoFirmId} and id >= ${exhaustedAttemptId} limit 1`.execute(
      em.getKysely(),
    ),
  );
  return rows.length === 0;
}

/** Makes it; goes on where an earlier start was interrupted. */
export async function makeExhaustedAttempt(
  { ownerUrl, em, control }: { ownerUrl: string; em: EntityManager; control: Control },
  startServer: () => Promise<PreparingServer>,
): Promise<void> {
  const outage = control.addFault({ match: singleEvents, times: null, then: unavailable });
  const server = await startServer();
  try {
    await startFirstPulls(em, exhaustedAccount);
    const appointmentId = await firstAppointment(em);
    await startIds(ownerUrl);
    await server.ask(
      `mutation { resyncAppointment(appointmentId: ${appointmentId}, reason: "The event has changed", waitSeconds: 25) { message } }`,
    );
  } finally {
    await server.stop();
    control.clearFaults(outage.id);
  }
}

/**
 * From now on the provider tells these events, however unreliable it is otherwise: the fault of attempt 789 is gone, and its replay
 * succeeds.
 */
export function endOutage(control: Control): void {
  control.addFault({ match: singleEvents, times: null, then: {} });
}

const unavailable = {
  status: 503,
  body: {
    error: {
      code: 503,
      message: "Service unavailable.",
      errors: [{ domain: "global", reason: "backendError", message: "Service unavailable." }],
    },
  },
};

/** The next appointment of the calendar, once it has been synced. */
async function firstAppointment(em: EntityManager): Promise<string> {
  const deadline = performance.now() + longestWaitMs;
  while (performance.now() < deadline) {
    const { rows } = await inFirm(demoFirmId, () =>
      sql<{ id: string }>`
        select appointment.id from appointment
        join calendar_connection connection on connection.firm_id = appointment.firm_id and connection.id = connection_id
        where appointment.firm_id = ${demoFirmId} and account_email = ${exhaustedAccount} and cursor is not null
          and starts_at >= now() order by starts_at, appointment.id limit 1
      `.execute(em.getKysely()),
    );
    if (rows[0]) return rows[0].id;
    await delay(lookEveryMs);
  }
  throw new Error("The demo's first calendar was not synced in time");
}

/** The ids that follow; they never go back. */
async function startIds(ownerUrl: string): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    await owner.query(`
      select setval(pg_get_serial_sequence('sync_attempt', 'id'), ${firstFailureId}, false)
      where not exists (select from sync_attempt where id >= ${firstFailureId})
    `);
    await owner.query(`
      select setval(pg_get_serial_sequence('appointment', 'id'), ${firstAppointmentId}, false)
      where not exists (select from appointment where id >= ${firstAppointmentId})
    `);
  } finally {
    await owner.end();
  }
}
