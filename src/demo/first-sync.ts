import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "../database/orm.js";
import { compareConnections, type ComparedConnection, type ProviderOccurrences } from "./comparison.js";

const longestWaitMs = 60_000;
const lookEveryMs = 250;

/** Waits until every connection has synced or failed for the first time, at most a minute, and prints what came of it. */
export async function printFirstSync(
  em: EntityManager,
  provider: ProviderOccurrences,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + longestWaitMs;
  for (;;) {
    const connections = await compareConnections(em, provider);
    const isOver = connections.every(({ isEqual, failure }) => isEqual !== null || failure !== null);
    if (isOver || performance.now() > deadline) {
      print(comparisonTable(connections));
      return;
    }
    await delay(lookEveryMs, undefined, { signal });
  }
}

/** As text: a line a connection. */
function comparisonTable(connections: readonly ComparedConnection[]): string {
  const width = Math.max(...connections.map(({ name }) => name.length));
  const lines = connections.map(({ id, name, appointments, isEqual, failure }) =>
    [id.padStart(10), name.padEnd(width), String(appointments).padStart(12), equality(isEqual, failure)].join("  "),
  );
  const head = ["connection", "calendar".padEnd(width), "appointments", "equal to the provider"].join("  ");
  return ["", head, ...lines, ""].join("\n");
}

function equality(isEqual: boolean | null, failure: string | null): string {
  if (isEqual === null) return `- not synced: ${failure ?? "still waiting"}`;
  return isEqual ? "yes" : "no";
}
