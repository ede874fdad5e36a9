/**
 * `npm run bench [-- --only NAME --quick]`: measures the code in processes of its own, beside what it is compared with in the same run.
 * Only ratios of one run hold: machines are busy. Tells how it goes, and ends with a table; nothing here passes or fails a test.
 */
import { parseArgs } from "node:util";
import { closingBench } from "./closing.js";
import { importBench } from "./import.js";
import { ingestBench } from "./ingest.js";
import { jobStartBench } from "./job-start.js";
import type { Bench, Measurement } from "./measurement.js";
import { outageBench } from "./outage.js";
import { partitionsBench } from "./partitions.js";
import { readsBench, readTargets } from "./reads.js";
import { resyncMemoryBench } from "./resync-memory.js";
import { resyncRequestsBench } from "./resync-requests.js";
import { writeResult } from "./result-file.js";
import { startBench } from "./start.js";
import { workersBench } from "./workers.js";

const benches: Readonly<Record<string, Bench>> = {
  workers: workersBench,
  outage: outageBench,
  import: importBench,
  partitions: partitionsBench,
  reads: readsBench(readTargets),
  ingest: ingestBench,
  P9: resyncMemoryBench,
  P10: resyncRequestsBench,
  P11: jobStartBench,
  P12: closingBench,
  start: startBench,
};
/** Parts of those, which run alone when they are named. */
const parts: Readonly<Record<string, Bench>> = Object.fromEntries(
  readTargets.map((target) => [target, readsBench([target])]),
);

const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const { only, quick } = parseArgs({
  options: { only: { type: "string" }, quick: { type: "boolean", default: false } },
}).values;
const chosen = only === undefined ? Object.entries(benches) : named(only);

function named(name: string): [string, Bench][] {
  const bench = benches[name] ?? parts[name];
  if (bench) return [[name, bench]];
  throw new Error(`--only must be one of ${[...Object.keys(benches), ...Object.keys(parts)].join(", ")}`);
}

const measurements: Measurement[] = [];
for (const [name, bench] of chosen) {
  tell(`${name}:`);
  measurements.push(
    ...(await bench({
      isQuick: quick,
      tell: (line) => {
        tell(`  ${line}`);
      },
    })),
  );
}
for (const { what, target, measured, isMet, profile } of measurements) {
  tell(`${isMet ? "met    " : "not met"}  ${what}: ${measured} (target ${target})${isMet ? "" : `; ${profile}`}`);
}
tell(`as JSON in ${await writeResult({ only: only ?? "all", isQuick: quick }, measurements)}`);
