import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentOf } from "../commands/command-process.js";
import { failpointsVariable, type ArmedFailpoint } from "../support/armed-failpoints.js";
import type { TestDatabase } from "../support/database.js";
import type { PlantedFault } from "../support/server-process.js";
import { runTypeScript } from "../support/typescript-process.js";
import { ndjson } from "./lines.js";

export interface ImportProcessOptions {
  /** Dies there. */
  killedAt?: Omit<ArmedFailpoint, "action">;
  /** Makes its code wrong, to see whether a test notices. */
  planted?: PlantedFault;
  /** Done while it works. */
  onStarted?: (kill: (signal: NodeJS.Signals) => void) => Promise<void>;
  args?: string[];
}

export interface ImportOutcome {
  /** Its exit code, or the signal that ended it. */
  ended: number | NodeJS.Signals;
  /** What it printed, and what it complained of. */
  output: string;
}

const entry = new URL("import-entry.ts", import.meta.url);

/** `npm run import` of one file, as a process of its own. */
export async function importProcess(
  database: TestDatabase,
  lines: readonly unknown[],
  { killedAt, planted, onStarted, args = [] }: ImportProcessOptions = {},
): Promise<ImportOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "calendar-sync-import-"));
  writeFileSync(join(folder, "a.ndjson"), ndjson(lines));
  writeFileSync(join(folder, "hits"), "");
  const armed = killedAt ? [{ ...killedAt, action: "kill" }] : [];
  const { child, ended } = runTypeScript(entry, ["a.ndjson", ...args], {
    cwd: folder,
    env: {
      ...{ PATH: process.env["PATH"], NODE_ENV: "test", ...environmentOf(database), LOG_LEVEL: "trace" },
      TEST_PLANTED_FAULTS: JSON.stringify(planted ? [planted] : []),
      [failpointsVariable]: JSON.stringify({ report: join(folder, "hits"), armed }),
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await onStarted?.((signal) => child.kill(signal));
  const outcome = await ended;
  rmSync(folder, { recursive: true });
  return { ended: outcome, output };
}
