import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../src/demo/tour/until.js";
import { invariants } from "../../src/verify/invariants.js";
import { runCommandProcess } from "../commands/command-process.js";
import { isLong } from "../support/long.js";
import { runTypeScript, type TypeScriptProcess } from "../support/typescript-process.js";
import { isAlive, newDataFolder, postgresProcess } from "./demo-process.js";

/** Six servers start from TypeScript, on a busy machine. */
jest.setTimeout(300_000);

const command = new URL("../../src/commands/demo-cluster.ts", import.meta.url);

let dataDir: string;

beforeAll(async () => {
  dataDir = await newDataFolder();
});

afterAll(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

function startCluster(...args: string[]): TypeScriptProcess {
  const env = { PATH: process.env["PATH"], DATA_DIR: dataDir, LOG_PRETTY: "false", NODE_ENV: "test" };
  return runTypeScript(command, args, { env, cwd: tmpdir() }); // elsewhere than where a developer's .env may lie
}

/** Reads up to the line that fits, which it returns with those before it. */
async function linesUntil(cluster: TypeScriptProcess, pattern: RegExp): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = await cluster.nextLine();
    lines.push(line);
    if (pattern.test(line)) return lines;
  }
}

/** Of the processes that the lines tell of, by role. */
function pidsIn(lines: readonly string[], role: string): number[] {
  const named = lines.flatMap((line) => [...line.matchAll(new RegExp(`${role}s? ((?:\\d+(?:, )?)+)`, "g"))]);
  return [...new Set(named.flatMap(([, pids = ""]) => pids.split(", ").filter(Boolean).map(Number)))];
}

/** Kills workers until one of them had runs under way; returns the lines that tell of it. */
async function killWorkerAtWork(cluster: TypeScriptProcess, workers: readonly number[]): Promise<string[]> {
  const told: string[] = [];
  for (const pid of workers) {
    process.kill(pid, "SIGKILL");
    told.push(...(await linesUntil(cluster, new RegExp(`^worker ${pid} has ended \\(SIGKILL\\)`))));
    if (/with \d+ runs? under way/.test(told.at(-1) ?? "")) return told;
  }
  throw new Error("no worker had a run under way");
}

async function expectNoneAlive(pids: readonly number[]): Promise<void> {
  const areGone = (): Promise<true | null> => Promise.resolve(pids.some(isAlive) ? null : true);
  expect(await until(areGone, 10)).toBe(true);
}

test("three workers share a backlog, and what a killed one had under way goes on with another one", async () => {
  const cluster = startCluster("--once", "--connections", "60");
  const begun = await linesUntil(cluster, /^\d+\.\d s: \d+ of 60 synced/);
  const workers = pidsIn(begun, "worker");
  expect(workers).toHaveLength(3);
  const postgres = await postgresProcess(join(dataDir, "cluster"));
  const told = [...begun, ...(await killWorkerAtWork(cluster, workers))];
  told.push(...(await linesUntil(cluster, /^verify: /)));
  expect(told.at(-1)).toBe(`verify: ${invariants.length} invariants hold`);
  expect(told.filter((line) => /^run \S+ of the killed worker \d+ goes on with worker \d+, as/.test(line))).not.toEqual(
    [],
  );
  const done = told.find((line) => line.startsWith("The backlog is done")) ?? "";
  expect(done.match(/worker \d+: [1-9]/g)?.length).toBeGreaterThanOrEqual(3); // the killed one may have done none
  expect(await cluster.ended).toBe(0);
  await expectNoneAlive([...pidsIn(told, "worker"), ...pidsIn(told, "scheduler"), postgres]);
});

test("on the same data it goes on, refuses a second one, and its processes end with it also when it is killed", async () => {
  const cluster = startCluster("--connections", "60");
  const told = await linesUntil(cluster, /^verify: /);
  expect(told).toContain("60 connections of three firms are due now");
  const second = await runCommandProcess("demo-cluster", [], { DATA_DIR: dataDir, LOG_LEVEL: "warn" });
  expect(second).toMatchObject({ exitCode: 1, stdout: "" });
  expect(second.stderr).toMatch(/^demo:cluster: Another server .* has used the data folder .*\n$/);
  cluster.child.kill("SIGKILL");
  await expectNoneAlive([...pidsIn(told, "worker"), ...pidsIn(told, "scheduler")]);
});

if (isLong)
  test("takes over the PostgreSQL that a killed one has left, and leaves no process at Ctrl-C", async () => {
    const cluster = startCluster("--connections", "60");
    const told = await linesUntil(cluster, /synced/);
    const postgres = await postgresProcess(join(dataDir, "cluster"));
    cluster.child.kill("SIGINT");
    expect(await cluster.ended).toBe(0);
    await expectNoneAlive([...pidsIn(told, "worker"), ...pidsIn(told, "scheduler"), postgres]);
  });

test("wrong arguments exit 2 with its usage", async () => {
  const { exitCode, stderr } = await runCommandProcess("demo-cluster", ["--connections", "many"], {});
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^demo:cluster: --connections must be .*Usage: npm run demo:cluster -- .*\n$/);
});
