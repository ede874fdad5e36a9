import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestApp } from "../support/app.js";
import { failpointsVariable, readHits, type ArmedFailpoint } from "../support/armed-failpoints.js";
import { until } from "../support/app.js";
import type { PlantedFault } from "../support/server-process.js";
import { runTypeScript } from "../support/typescript-process.js";

export interface FailingCommandOptions {
  environment?: Readonly<Record<string, string>>;
  armed?: ArmedFailpoint;
  planted?: PlantedFault;
  /** Done while the command is frozen at its failpoint; it goes on afterwards. */
  whileFrozen?: () => Promise<void>;
}

export interface FailingCommandOutcome {
  /** Its exit code, or the signal that ended it. */
  ended: number | NodeJS.Signals;
  /** What it printed, and what it complained of. */
  output: string;
}

const entry = new URL("command-entry.ts", import.meta.url);

/** A command of this project on the application's database, in a process of its own that dies, freezes or is wrong as asked. */
export async function failingCommand(
  app: TestApp,
  [name, ...args]: [string, ...string[]],
  { environment = {}, armed, planted, whileFrozen }: FailingCommandOptions = {},
): Promise<FailingCommandOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "calendar-sync-command-"));
  const report = join(folder, "hits");
  writeFileSync(report, "");
  const { child, ended } = runTypeScript(entry, [name, ...args], {
    cwd: folder,
    env: {
      ...{ PATH: process.env["PATH"], NODE_ENV: "test", ...app.installation.environment },
      ...{ LOG_LEVEL: "trace", LOG_PRETTY: "false", DATA_DIR: folder, ...environment },
      TEST_PLANTED_FAULTS: JSON.stringify(planted ? [planted] : []),
      [failpointsVariable]: JSON.stringify({ report, armed: armed ? [armed] : [] }),
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  if (whileFrozen) {
    await until(() => Promise.resolve(readHits(report).length > 0));
    await whileFrozen();
    child.kill("SIGCONT");
  }
  const outcome = await ended;
  rmSync(folder, { recursive: true });
  return { ended: outcome, output };
}
