import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTypeScript } from "../support/typescript-process.js";

export interface LoadRequest {
  path: string;
  token: string;
  /** Absent: GET. */
  body?: string;
}

export interface Load {
  origin: string;
  /** Asked in turns. */
  requests: readonly LoadRequest[];
  connections: number;
  seconds: number;
}

const client = new URL("load-client.ts", import.meta.url);

/** Requests answered in a second, asked by another process. @throws Error when one is not answered with 200 and without errors */
export async function requestsPerSecond(load: Load): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "calendar-sync-bench-"));
  try {
    const file = join(folder, "load.json");
    await writeFile(file, JSON.stringify(load));
    const asking = runTypeScript(client, [file]);
    const { answered, seconds } = JSON.parse(await asking.nextLine()) as { answered: number; seconds: number };
    await asking.ended;
    return answered / seconds;
  } finally {
    await rm(folder, { recursive: true });
  }
}
