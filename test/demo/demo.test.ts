import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { until } from "../../src/demo/tour/until.js";
import { runCommandProcess } from "../commands/command-process.js";
import {
  demoEnvironment,
  DemoProcess,
  hasPostgres,
  interruptedStart,
  isAlive,
  newDataFolder,
  postgresProcess,
} from "./demo-process.js";
import { isLong } from "../support/long.js";

/** A whole server starts from TypeScript, on a busy machine. */
jest.setTimeout(240_000);

let dataDir: string;
let environment: Record<string, string>;
let demo: DemoProcess;
/** The first start. */
let interrupted: { outcome: number | NodeJS.Signals; isPostgresLeft: boolean };

const club = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//EN
BEGIN:VEVENT
UID:evening@club.example
DTSTART:${nextWeek()}T180000Z
DTEND:${nextWeek()}T190000Z
SUMMARY:Club evening
END:VEVENT
END:VCALENDAR
`;

function nextWeek(): string {
  return new Date(Date.now() + 7 * 24 * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");
}

beforeAll(async () => {
  dataDir = await newDataFolder();
  const file = join(dataDir, "Club.ics");
  await writeFile(file, club);
  environment = { ...demoEnvironment(dataDir), DEMO_CALENDARS: file, SYNC_INTERVAL_SECONDS: "5" };
  interrupted = { outcome: await interruptedStart(environment), isPostgresLeft: hasPostgres(dataDir) };
  demo = await DemoProcess.start(environment);
});

afterAll(async () => {
  await demo.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const everyCalendar = [
  ["123", "GOOGLE", "Gilsum NH Calendar"],
  ["124", "GOOGLE", "Mixed feeds"],
  ["125", "GOOGLE", "Holidays of eight countries"],
  ["126", "GOOGLE", "Community centre"],
  ["127", "GOOGLE", "Lapsed access"],
  ["128", "MICROSOFT", "Front office"],
  ["129", "MICROSOFT", "Evening school"],
  ["130", "GOOGLE", "Club"],
  ["131", "MICROSOFT", "Club"],
];

test("Ctrl-C while the demo is made ends the server in order, with its PostgreSQL; the next start goes on", () => {
  expect(interrupted).toEqual({ outcome: 0, isPostgresLeft: false });
});

test("after the first sync every appointment of both providers equals the provider's, but for the account without access", async () => {
  const table = await demo.table();
  expect(table.map(({ connection, provider, calendar }) => [connection, provider, calendar])).toEqual(everyCalendar);
  for (const { connection, appointments, comparison } of table) {
    if (connection === "127") expect(comparison).toMatch(/^- not synced: /);
    else expect({ comparison, isFilled: appointments > 0 }).toEqual({ comparison: "yes", isFilled: true });
  }
});

test("appointment 456 is the first of connection 123", async () => {
  const { data } = await demo.ask("{ appointment(id: 456) { connection { id } } before: appointment(id: 455) { id } }");
  expect(data).toEqual({ appointment: { connection: { id: "123" } }, before: null });
});

test("attempt 789 is the sixth failure of one appointment's resync, and waits for a manager", async () => {
  const { data } = await demo.ask(`{
    syncAttempt(id: 789) {
      connectionId operation direction state status errorClass retryCount maxRetriesReached isReplayable appointmentId
      run { status requestedById attempts { id } }
    }
  }`);
  expect(data?.["syncAttempt"]).toEqual({
    connectionId: "125",
    operation: "UPSERT",
    direction: "PULL",
    state: "OPEN",
    status: "FAIL",
    errorClass: "TRANSIENT",
    retryCount: 5,
    maxRetriesReached: true,
    isReplayable: true,
    appointmentId: expect.stringMatching(/^\d+$/),
    run: {
      status: "FAILED",
      requestedById: "demo-manager",
      attempts: [784, 785, 786, 787, 788, 789].map((id) => ({ id: String(id) })),
    },
  });
});

const failures = z.object({
  failedAttempts: z.object({
    nodes: z.array(
      z.object({
        errorClass: z.string(),
        maxRetriesReached: z.boolean(),
        nextRetryAt: z.string().nullable(),
        run: z.object({ status: z.string() }),
      }),
    ),
  }),
});

test("soon there are failures of every class to see: one waiting, one exhausted, one held", async () => {
  const areThere = async (): Promise<true | null> => {
    const { data } = await demo.ask(
      "{ failedAttempts(includeExhausted: true) { nodes { errorClass maxRetriesReached nextRetryAt run { status } } } }",
    );
    const { nodes } = failures.parse(data).failedAttempts;
    const all =
      nodes.some(({ errorClass, run }) => errorClass === "NON_RETRYABLE" && run.status === "HELD") &&
      nodes.some(({ errorClass, maxRetriesReached }) => errorClass === "TRANSIENT" && maxRetriesReached) &&
      nodes.some(({ errorClass, nextRetryAt }) => errorClass === "RATE_LIMITED" && nextRetryAt !== null);
    return all ? true : null;
  };
  expect(await until(areThere, 120)).toBe(true);
});

test("demo:tour holds, replaying attempt 789, and holds again the second time", async () => {
  const first = await runCommandProcess("demo-tour", [], environment);
  expect({ ...first, failed: first.stdout.match(/^ +✗.*$/gm) }).toMatchObject({
    exitCode: 0,
    stderr: "",
    failed: null,
  });
  expect(first.stdout).toContain("✓ the replay has succeeded");
  expect(first.stdout).toMatch(/✓ (\d+) of \1 appointments equal the provider's/);
  expect(first.stdout).toContain("✓ every provider request belongs to a recorded attempt");
  const second = await runCommandProcess("demo-tour", [], environment);
  expect({ ...second, failed: second.stdout.match(/^ +✗.*$/gm) }).toMatchObject({ exitCode: 0, failed: null });
  expect(second.stdout).not.toContain("✓ the replay has succeeded");
});

test("a stop ends every process, and the next start goes on with the same data", async () => {
  const postgres = await postgresProcess(dataDir);
  expect(isAlive(postgres)).toBe(true);
  expect(await demo.stop()).toBe(0);
  expect(await until(() => Promise.resolve(isAlive(postgres) ? null : true), 10)).toBe(true); // its parent is gone before it
  const tour = await runCommandProcess("demo-tour", [], environment);
  expect(tour).toMatchObject({ exitCode: 1, stdout: "" });
  expect(tour.stderr).toMatch(/^demo:tour: no demo runs on the data folder .*npm start.*\n$/);
  demo = await DemoProcess.start(environment);
  const table = await demo.table();
  expect(table.map(({ connection, provider, calendar }) => [connection, provider, calendar])).toEqual(everyCalendar);
  for (const { connection, comparison } of table) if (connection !== "127") expect(comparison).toBe("yes");
  const { data } = await demo.ask("{ syncAttempt(id: 789) { state } }");
  expect(data).toEqual({ syncAttempt: { state: "RESOLVED" } });
});

if (isLong) {
  test("planted: a start that fails because it was stopped ends the process before everything is stopped", async () => {
    const folder = await newDataFolder();
    const faults = [{ file: "src/server-process.ts", find: "if (stopping.signal.aborted) return;", replace: "" }];
    expect(await interruptedStart(demoEnvironment(folder), faults)).toBe(1);
    await until(() => Promise.resolve(hasPostgres(folder) ? null : true), 20);
    await rm(folder, { recursive: true, force: true });
  });
}
