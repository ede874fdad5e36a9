import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Measurement } from "./measurement.js";

/** Leaves what was measured in BENCH_DATA_DIR (default `.data/bench`), a file a bench. Returns the file's name. */
export async function writeResult(
  { only, isQuick }: { only: string; isQuick: boolean },
  measurements: readonly Measurement[],
): Promise<string> {
  const folder = process.env["BENCH_DATA_DIR"] ?? ".data/bench";
  const file = join(folder, `result-${only}${isQuick ? "-quick" : ""}.json`);
  const lines = measurements.map((line) => ({ ...line, verdict: line.isMet ? "met" : "not met" }));
  await mkdir(folder, { recursive: true });
  await writeFile(
    file,
    `${JSON.stringify({ at: new Date().toISOString(), only, isQuick, measurements: lines }, null, 2)}\n`,
  );
  return file;
}
