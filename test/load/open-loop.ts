/** An answer as a client sees it: its HTTP status, and the codes of GraphQL errors. */
export interface Outcome {
  ms: number;
  name: string;
  /** What went wrong; null where it was answered, or refused as documented. */
  fault: string | null;
  /** The documented refusal; null for none. */
  refusal: string | null;
}

export interface Asked {
  name: string;
  token: string;
  query: string;
  variables: object;
}

interface GraphqlBody {
  data?: unknown;
  errors?: { extensions: { code: string } }[];
}

/** Refusals that depend on what others have just done: two managers of one connection meet them in operation, too. */
const refusals = ["CONFLICT", "BAD_USER_INPUT", "NOT_REPLAYABLE"];
const timeoutMs = 30_000;

/**
 * Asks so often a second for so long, however long the answers take: as clients do who know nothing of each other. Resolves to all outcomes,
 * each with its time from when it was due.
 */
export async function openLoop(
  url: string,
  { perSecond, seconds }: { perSecond: number; seconds: number },
  next: () => Asked,
): Promise<Outcome[]> {
  const begun = performance.now();
  const outcomes: Promise<Outcome>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const passed = Math.min(seconds, (performance.now() - begun) / 1000);
      while (outcomes.length < passed * perSecond) {
        outcomes.push(outcomeOf(url, next(), begun + (outcomes.length / perSecond) * 1000));
      }
      if (passed < seconds) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
  return Promise.all(outcomes);
}

async function outcomeOf(url: string, { name, token, query, variables }: Asked, dueAt: number): Promise<Outcome> {
  const judged = await ask(url, token, { query, variables }).catch((error: unknown) => ({
    fault: error instanceof Error ? `${error.message} ${causeOf(error)}` : String(error),
    refusal: null,
  }));
  return { name, ms: performance.now() - dueAt, ...judged };
}

/** fetch itself says only that it has failed. */
function causeOf({ cause }: Error): string {
  return cause instanceof Error ? `(${cause.message})` : "";
}

async function ask(url: string, token: string, body: object): Promise<Pick<Outcome, "fault" | "refusal">> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (response.status !== 200) return { fault: `${response.status} ${text}`, refusal: null };
  const code = (JSON.parse(text) as GraphqlBody).errors?.[0]?.extensions.code ?? null;
  if (code === null) return { fault: null, refusal: null };
  return refusals.includes(code) ? { fault: null, refusal: code } : { fault: text, refusal: null };
}

/** The value that so much of them do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
