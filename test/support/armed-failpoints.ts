import { appendFileSync, readFileSync } from "node:fs";
import { z } from "zod";
import { failpoints, visitFailpoints, type Failpoint } from "../../src/failpoints.js";

const name = z.enum(Object.keys(failpoints) as [Failpoint, ...Failpoint[]]);

const armedFailpoint = z.strictObject({
  name,
  /** `kill` ends the process at once, `freeze` stops it until somebody continues it. */
  action: z.enum(["kill", "freeze"]),
  /** At which visit, counted from 1; without it at every visit, as `chance` has it. */
  nth: z.int().positive().optional(),
  /** The probability at each visit. Default 1. */
  chance: z.number().min(0).max(1).default(1),
});

const arming = z.strictObject({
  /** A file that gets a line before each action. */
  report: z.string(),
  armed: z.array(armedFailpoint),
});

export type ArmedFailpoint = z.input<typeof armedFailpoint>;

const hit = z.object({ pid: z.number(), name, action: z.enum(["kill", "freeze"]) });

/** That a process has died or frozen at a failpoint. */
export type FailpointHit = z.infer<typeof hit>;

/** The variable by which tests arm the failpoints of the processes that they start. */
export const failpointsVariable = "TEST_FAILPOINTS";

/**
 * Arms this process's failpoints as the variable says.
 * @throws Error for what it does not know, and always in production
 */
export function armFailpoints(environment: Readonly<Record<string, string | undefined>>): void {
  const text = environment[failpointsVariable];
  if (text === undefined) return;
  if (environment["NODE_ENV"] === "production") throw new Error(`${failpointsVariable} is for tests`);
  const { report, armed } = arming.parse(JSON.parse(text));
  const visits = new Map<Failpoint, number>();
  visitFailpoints((visited) => {
    const visit = (visits.get(visited) ?? 0) + 1;
    visits.set(visited, visit);
    const due = armed.find(
      ({ name, nth, chance }) => name === visited && (nth ?? visit) === visit && Math.random() < chance,
    );
    if (due) act(report, { pid: process.pid, name: due.name, action: due.action });
    return undefined;
  });
}

/** Nothing of this process runs between the line and its end. */
function act(report: string, what: FailpointHit): void {
  appendFileSync(report, `${JSON.stringify(what)}\n`);
  process.kill(process.pid, what.action === "kill" ? "SIGKILL" : "SIGSTOP");
}

export function readHits(report: string): FailpointHit[] {
  const lines = readFileSync(report, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => hit.parse(JSON.parse(line)));
}
