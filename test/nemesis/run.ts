/**
 * The nemesis: `npm run test:long`, and with the argument `short` what is part of the tests. Tells how it goes, and ends with 1 when
 * anything went wrong. A program of its own, because it must judge errors as the server does, outside jest's realm.
 */
import { hitLines, runNemesis } from "./nemesis.js";
import { plans } from "./plans.js";

const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const report = await runNemesis({ ...plans[process.argv[2] === "short" ? "short" : "long"], tell });
const { runs, attempts, lostWorkers, databaseCrashes, acknowledged, missing, wrong } = report;
tell(`${runs} runs, ${attempts} attempts, ${lostWorkers} of lost workers, ${databaseCrashes} crashes of PostgreSQL`);
tell(`${acknowledged} requests were acknowledged to managers`);
tell(`failpoints and how often they were hit:\n${hitLines(report).join("\n")}`);
if (missing.length > 0) wrong.push(`hit too seldom: ${missing.join(", ")}`);
for (const line of wrong) tell(`✗ ${line}`);
tell(wrong.length === 0 ? "nothing was lost, doubled or left behind" : `${wrong.length} things went wrong`);
process.exit(wrong.length === 0 ? 0 : 1);
