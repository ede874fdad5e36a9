/**
 * `npm run bench [-- --only NAME --quick]`: measures the code in processes of its own, beside what it is compared with in the same run.
 * Only ratios of one run hold: machines are busy. Tells how it goes, and ends with a table; nothing here passes or fails a test.
 */
import { parseArgs } from "node:util";
import { importBench } from "./import.js";
import type { Bench, Measurement } from "./measurement.js";
import { outageBench } from "./outage.js";
import { partitionsBench } from "./partitions.js";
import { workersBench } from "./workers.js";

const benches: Readonly<Record<string, Bench>> = {
  workers: workersBench,
  outage: outageBench,
  import: importBench,
  partitions: partitionsBench,
};

const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const { only, quick } = parseArgs({
  options: { only: { type: "string" }, quick: { type: "boolean", default: false } },
}).values;
const chosen = Object.entries(benches).filter(([name]) => only === undefined || name === only);
if (chosen.length === 0) throw new Error(`--only must be one of ${Object.keys(benches).join(", ")}`);
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
