import fc from "fast-check";
import type { Given } from "../support/given.js";
import { playStep, sequences, type Stage, type Step } from "./firm-steps.js";
import { givenLikeFirms, linesOf, rowsOfFirms } from "./three-firms.js";

export interface Where {
  url: string;
  given: Given;
  /** A manager's of the firm. */
  tokenFor: (firmId: string) => Promise<string>;
}

export interface Played {
  sequences: number;
  seed: number;
  /** The id of the first firm; beyond all that the server numbers itself. Each sequence has three. */
  firstFirm?: number;
}

/**
 * Plays so many sequences, each by three new firms, and compares each answer and what the database then holds with the firms' models; at the
 * end, that of the firms of earlier sequences nothing has changed since. What was otherwise; null where nothing was.
 */
export async function playSequences(where: Where, each: Played): Promise<string | null> {
  let firms = each.firstFirm ?? 10_000_000;
  const left = new Map<string, string>();
  const property = fc.asyncProperty(sequences, async (steps) => {
    const firmIds = [0, 1, 2].map((more) => String(firms + more));
    firms += 3;
    for (const [firmId, lines] of await playSequence(where, firmIds, steps)) left.set(firmId, lines);
  });
  const details = await fc.check(property, { numRuns: each.sequences, seed: each.seed, endOnFailure: true });
  if (details.failed)
    return `${String(details.errorInstance)} (seed ${details.seed}) after ${JSON.stringify(details.counterexample)}`;
  const now = await rowsOfFirms(where.given, [...left.keys()]);
  const changed = [...left].filter(([firmId, lines]) => now.get(firmId) !== lines).map(([firmId]) => firmId);
  return changed.length > 0 ? `firms have changed afterwards: ${changed.join(", ")}` : null;
}

async function playSequence(where: Where, firmIds: string[], steps: Step[]): Promise<Map<string, string>> {
  const { url, given, tokenFor } = where;
  const models = await givenLikeFirms(given, firmIds);
  const tokens = await Promise.all(firmIds.map(tokenFor));
  const cursors: Stage["cursors"] = { connections: [], runs: [], appointments: [] };
  for (const step of steps) await playStep({ url, firmIds, tokens, models, cursors }, step);
  const held = await rowsOfFirms(given, firmIds);
  for (const [index, firmId] of firmIds.entries()) {
    const model = models[index];
    const expected = model ? linesOf(model) : "";
    if (held.get(firmId) !== expected)
      throw new Error(`firm ${index} has\n${String(held.get(firmId))}\nnot\n${expected}`);
  }
  return held;
}
