import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import pg from "pg";
import { pino } from "pino";
import type { Admission } from "../../src/attempts/provider-gate.js";
import { outageLimits, type OutageLimits } from "../../src/connections/outage-limits.js";
import { openSystemDatabase, type Database } from "../../src/database/orm.js";
import { isDown, ProviderTraffic } from "../../src/sync/provider-traffic.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

let testDatabase: TestDatabase;
/** Two processes. */
let databases: [Database, Database];
let superuser: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { systemUrl } = testDatabase;
  databases = [await openSystemDatabase(systemUrl, 4), await openSystemDatabase(systemUrl, 4)];
  superuser = new pg.Client(testDatabase.superuserUrl);
  await superuser.connect();
});

beforeEach(reset);

afterAll(async () => {
  for (const database of databases) await database.close();
  await superuser.end();
  await testDatabase.drop();
});

async function reset(): Promise<void> {
  await superuser.query(
    `update across_firms.provider_traffic set retry_slot_at = default, first_tries_per_minute = 0, checked_at = default,
       breaker_opened_at = null, breaker_closed_at = null, probe_at = null, probing_until = null, failed_probes = 0`,
  );
}

async function set(assignments: string): Promise<void> {
  await superuser.query(`update across_firms.provider_traffic set ${assignments} where provider = 'GOOGLE'`);
}

function processes(limits: Partial<OutageLimits> = {}): [ProviderTraffic, ProviderTraffic] {
  const gate = ({ em }: Database) => new ProviderTraffic(em, { ...outageLimits, ...limits }, pino({ level: "silent" }));
  return [gate(databases[0]), gate(databases[1])];
}

/** Answers of so many retries that ask at once, shared among the processes; and the database's time after them. */
async function askOften(count: number, limits: Partial<OutageLimits> = {}) {
  const [one, other] = processes(limits);
  const [before] = (await superuser.query<{ at: Date }>("select now() as at")).rows;
  const admissions = await Promise.all(
    Array.from({ length: count }, (_, index) => (index % 2 ? one : other).ask("GOOGLE", "RETRY")),
  );
  const [after] = (await superuser.query<{ at: Date }>("select now() as at")).rows;
  if (!before || !after) throw new Error("the database tells no time");
  const times = admissions.map((admission) => startOf(admission, before.at)).sort((a, b) => a - b);
  return { times, elapsedMs: after.at.getTime() - before.at.getTime() };
}

function startOf(admission: Admission, now: Date): number {
  if (admission.kind === "START") return now.getTime();
  if (admission.kind === "WAIT_FOR_BUDGET") return admission.at.getTime();
  throw new Error(`a retry was answered with ${admission.kind}`);
}

/** Of places in order, the most that any window of so many milliseconds holds. */
function mostWithin(times: readonly number[], windowMs: number): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time <= from + windowMs).length));
}

describe("the retry budget of a provider", () => {
  test("gives every retry of all processes a place of its own: a burst at once, then one a second", async () => {
    const { times, elapsedMs } = await askOften(100);
    const [first = 0] = times;
    const atOnce = times.filter((time) => time <= first + elapsedMs).length;
    expect(atOnce).toBeGreaterThanOrEqual(outageLimits.retryBurst);
    expect(atOnce).toBeLessThanOrEqual(outageLimits.retryBurst + 1 + elapsedMs / 1000);
    const later = times.slice(atOnce);
    const gaps = later.slice(1).map((time, index) => time - (later[index] ?? 0));
    expect(gaps.every((gap) => Math.abs(gap - 1000) <= 1)).toBe(true);
    expect((times.at(-1) ?? 0) - first).toBeLessThanOrEqual(100_000);
  });

  test("grows by a tenth of the first tries where that is more than one a second", async () => {
    await set("first_tries_per_minute = 6000");
    const { times } = await askOften(100);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThanOrEqual(10_000);
    expect(mostWithin(times.slice(outageLimits.retryBurst + 10), 1000)).toBeLessThanOrEqual(11);
  });

  test("within any time allows what it grows by and the burst, whatever its rate and however many ask", async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 20_000 }),
      async (count, retryBurst, firstTries) => {
        await reset();
        await set(`first_tries_per_minute = ${firstTries}`);
        const { times, elapsedMs } = await askOften(count, { retryBurst });
        const perSecond = Math.max(1, firstTries / 600);
        for (const windowMs of [100, 1000, 10_000]) {
          const allowed = retryBurst + 1 + perSecond * ((windowMs + elapsedMs) / 1000);
          expect(mostWithin(times, windowMs)).toBeLessThanOrEqual(allowed);
        }
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  test("keeps no more than the burst for later, however long nothing was retried", async () => {
    await set("retry_slot_at = now() - interval '30 days'");
    const { times, elapsedMs } = await askOften(60);
    expect(mostWithin(times, elapsedMs)).toBeLessThanOrEqual(outageLimits.retryBurst + 2 + (2 * elapsedMs) / 1000);
  });

  test("is not drawn from by anything else, nor shared with the other provider", async () => {
    const [gate] = processes();
    await gate.ask("GOOGLE", "OTHER");
    await gate.ask("GOOGLE", "MANAGER");
    await gate.ask("MICROSOFT", "RETRY");
    const { rows } = await superuser.query(
      "select provider from across_firms.provider_traffic where retry_slot_at > '-infinity'",
    );
    expect(rows).toEqual([{ provider: "MICROSOFT" }]);
  });
});

const openSince = "breaker_opened_at = now() - interval '1 hour'";

describe("the breaker of a provider", () => {
  test.each([
    [5, 6, 10, true],
    [4, 9, 10, false],
    [5, 5, 10, false],
    [5, 5, 9, true],
    [0, 0, 0, false],
    [700, 800, 2000, false],
  ])(
    "%i connections in %i failures among %i attempts: is the provider down? %s",
    (failedConnections, failed, finished, down) => {
      expect(isDown({ failedConnections, failed, finished }, outageLimits)).toBe(down);
    },
  );

  test("is opened once, and lets nothing but one probe through when it is time", async () => {
    const [one, other] = processes();
    const recent = { failedConnections: 5, failed: 6, finished: 6 };
    const opened = await Promise.all([one, other].map((gate) => gate.openBreaker("GOOGLE", recent)));
    expect(opened.sort()).toEqual([false, true]);
    for (const as of ["RETRY", "OTHER"] as const) {
      expect(await one.ask("GOOGLE", as)).toMatchObject({ kind: "WAIT_FOR_PROVIDER" });
    }
    await set("probe_at = now()");
    const asked = await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 2 ? one : other).ask("GOOGLE", "OTHER")));
    expect(asked.filter((admission) => admission.kind === "START")).toEqual([{ kind: "START", isProbe: true }]);
    expect(await other.ask("MICROSOFT", "OTHER")).toEqual({ kind: "START", isProbe: false });
  });

  test("a process that does not know yet lets first tries through, retries not", async () => {
    await set(`${openSince}, probe_at = now() + interval '1 hour'`);
    const [late] = processes();
    expect(await late.ask("GOOGLE", "OTHER")).toEqual({ kind: "START", isProbe: false });
    expect(await late.ask("GOOGLE", "RETRY")).toMatchObject({ kind: "WAIT_FOR_PROVIDER" });
    expect(late.isShut("GOOGLE")).toBe(true);
  });

  test("is probed after 15 s, then after twice as long each time, up to five minutes", async () => {
    const [gate] = processes();
    await gate.openBreaker("GOOGLE", { failedConnections: 5, failed: 6, finished: 6 });
    const untilProbe = async () => {
      const { rows } = await superuser.query<{ seconds: number }>(
        `select round(extract(epoch from probe_at - now()))::int as seconds from across_firms.provider_traffic where provider = 'GOOGLE'`,
      );
      return rows[0]?.seconds ?? 0;
    };
    const seen = [await untilProbe()];
    for (let probes = 0; probes < 7; probes += 1) {
      await gate.postponeProbe("GOOGLE");
      seen.push(await untilProbe());
    }
    const expected = [15, 30, 60, 120, 240, 300, 300, 300];
    seen.forEach((seconds, index) => {
      const wanted = expected[index] ?? 0;
      expect(seconds).toBeLessThanOrEqual(wanted);
      expect(seconds).toBeGreaterThan(wanted / 2); // a busy machine may look late
    });
  });

  test("a manager's run probes at once, unless another probe is under way, whose lease ends", async () => {
    await set(`${openSince}, probe_at = now() + interval '1 hour'`);
    const [gate] = processes();
    gate.learn("GOOGLE", true);
    expect(await gate.ask("GOOGLE", "OTHER")).toMatchObject({ kind: "WAIT_FOR_PROVIDER" });
    expect(await gate.ask("GOOGLE", "MANAGER")).toEqual({ kind: "START", isProbe: true });
    expect(await gate.ask("GOOGLE", "MANAGER")).toMatchObject({ kind: "WAIT_FOR_PROVIDER" });
    await set("probing_until = now()");
    expect(await gate.ask("GOOGLE", "MANAGER")).toEqual({ kind: "START", isProbe: true });
    await gate.giveUpProbe("GOOGLE");
    expect(await gate.ask("GOOGLE", "MANAGER")).toEqual({ kind: "START", isProbe: true });
  });

  test("closes once, after which everything starts, retries by the budget, also in a process that has not looked yet", async () => {
    await set(`${openSince}, probe_at = now() + interval '1 hour', failed_probes = 4`);
    const [one, other] = processes();
    for (const gate of [one, other]) gate.learn("GOOGLE", true);
    expect([await one.closeBreaker("GOOGLE"), await one.closeBreaker("GOOGLE")]).toEqual([true, false]);
    expect(other.isShut("GOOGLE")).toBe(true);
    expect(await other.ask("GOOGLE", "OTHER")).toEqual({ kind: "START", isProbe: false });
    other.learn("GOOGLE", true);
    expect(await other.ask("GOOGLE", "RETRY")).toEqual({ kind: "START", isProbe: false });
    const { rows } = await superuser.query<{ slot: string }>(
      "select retry_slot_at::text as slot from across_firms.provider_traffic where provider = 'GOOGLE'",
    );
    expect(rows[0]?.slot).not.toBe("-infinity");
  });
});

test("the application's login cannot reach what crosses firms", async () => {
  const app = new pg.Client(testDatabase.appUrl);
  await app.connect();
  await expect(app.query("select from across_firms.provider_traffic")).rejects.toMatchObject({ code: "42501" });
  await app.end();
});
