import { requestsPerSecond, type Load } from "./load.js";
import { median } from "./measurement.js";

/** A server's first requests are slower than all that follow. */
const warmUpSeconds = 2;

export interface Rounds {
  rounds: number;
  seconds: number;
  tell: (line: string) => void;
}

/**
 * Asks each of them in turns, round after round, so that what else the machine does befalls all alike. Answers with each one's
 * requests a second as a share of the first one's: the median of the rounds' ratios.
 */
export async function alternate<Name extends string>(
  loads: Readonly<Record<Name, Omit<Load, "seconds">>>,
  { rounds, seconds, tell }: Rounds,
): Promise<Record<Name, number>> {
  const names = Object.keys(loads) as Name[];
  const [first] = names;
  if (first === undefined) throw new Error("there is nothing to compare");
  const measured: Record<Name, number>[] = [];
  for (const name of names) await requestsPerSecond({ ...loads[name], seconds: warmUpSeconds });
  for (let round = 0; round < rounds; round += 1) {
    const rates: [Name, number][] = [];
    for (const name of names) rates.push([name, await requestsPerSecond({ ...loads[name], seconds })]);
    tell(rates.map(([name, rate]) => `${name} ${rate.toFixed(0)}/s`).join(", "));
    measured.push(Object.fromEntries(rates) as Record<Name, number>);
  }
  const ratio = (name: Name) => median(measured.map((rates) => rates[name] / rates[first]));
  return Object.fromEntries(names.map((name) => [name, ratio(name)])) as Record<Name, number>;
}
