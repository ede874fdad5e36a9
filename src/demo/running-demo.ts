import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const fileName = "demo.json";

const runningDemo = z.object({
  pid: z.int(),
  /** Where the API answers. */
  url: z.url(),
  simulatorUrl: z.url(),
  /** The simulator's last request before this server, and the newest attempt then: what came later belongs together. */
  requestsBefore: z.int(),
  lastAttemptBefore: z.string(),
});
export type RunningDemo = z.infer<typeof runningDemo>;

/** Lets commands on the same data folder find the demo; `withdrawDemo` takes it back. */
export function announceDemo(dataDir: string, demo: RunningDemo): void {
  const path = join(dataDir, fileName);
  writeFileSync(`${path}.new`, `${JSON.stringify(demo)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function withdrawDemo(dataDir: string): void {
  rmSync(join(dataDir, fileName), { force: true });
}

/** The demo that was last announced in the data folder; null where there is none. A killed server's is still there. */
export function announcedDemo(dataDir: string): RunningDemo | null {
  try {
    return runningDemo.parse(JSON.parse(readFileSync(join(dataDir, fileName), "utf8")));
  } catch {
    return null;
  }
}
