/**
 * The nemesis: `npm run nemesis`, and with the argument `short` what is part of the tests. A second argument names a fault to be
 * planted in the servers, which must be noticed. Tells how it goes, and ends with 1 when anything went wrong. A program of its own,
 * because it must judge errors as the server does, outside jest's realm.
 */
import { plantedFaults } from "../faults/planted-faults.js";
import { hitLines, runNemesis } from "./nemesis.js";
import { plans } from "./plans.js";

const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const [form, fault] = process.argv.slice(2);
const planted = Object.entries(plantedFaults).find(([name]) => name === fault)?.[1];
if (fault !== undefined && !planted) throw new Error(`no fault is called ${fault}`);
const report = await runNemesis({ ...plans[form === "short" ? "short" : "long"], planted, tell });
const { runs, attempts, lostWorkers, databaseCrashes, failedStarts, acknowledged, missing, wrong } = report;
tell(`${runs} runs, ${attempts} attempts, ${lostWorkers} of lost workers, ${databaseCrashes} crashes of PostgreSQL`);
tell(`${acknowledged} requests were acknowledged to managers`);
tell(`failpoints and how often they were hit:\n${hitLines(report).join("\n")}`);
if (missing.length > 0) {
  wrong.push(
    `hit too seldom: ${missing.join(", ")}; ${failedStarts.length} starts failed, the last one: ${failedStarts.at(-1) ?? ""}`,
  );
}
for (const line of wrong) tell(`✗ ${line}`);
tell(wrong.length === 0 ? "nothing was lost, doubled or left behind" : `${wrong.length} things went wrong`);
process.exit(wrong.length === 0 ? 0 : 1);
