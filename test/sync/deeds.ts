import fc from "fast-check";

const googleError = (code: number, reason: string) => ({ error: { code, errors: [{ domain: "global", reason }] } });

/** What a provider does instead of answering as usual. */
export const faults = {
  unavailable: { status: 503, body: "down" },
  dropped: { destroy: true },
  busy: { status: 429, body: googleError(429, "rateLimitExceeded") },
  throttled: { status: 429, headers: { "retry-after": "600" }, body: googleError(429, "rateLimitExceeded") },
  forbidden: { status: 403, body: googleError(403, "forbidden") },
  switchedOff: { status: 403, body: googleError(403, "accessNotConfigured") },
  slow: { delayMs: 300 },
} as const;

const faultNames = Object.keys(faults) as (keyof typeof faults)[];

/** What may happen to a connection: what managers do, what its provider does, what befalls its workers. Numbers choose among what there is. */
export type Deed =
  | { kind: "pull" | "resync" | "pause" | "resume" }
  | { kind: "timePasses" | "wait" | "loseWorker" | "exchangeWorker" | "revoke" }
  | { kind: "bounded"; fromDay: number; days: number }
  | { kind: "single" | "replay" | "cancel" | "editEvent"; which: number }
  | { kind: "fault"; fault: keyof typeof faults; times: number };

const which = fc.nat(50);
const plain = (
  kind: "pull" | "resync" | "pause" | "resume" | "timePasses" | "wait" | "loseWorker" | "exchangeWorker" | "revoke",
) => fc.constant<Deed>({ kind });
const about = (kind: "single" | "replay" | "cancel" | "editEvent") => fc.record({ kind: fc.constant(kind), which });

const deeds: Record<Deed["kind"], { weight: number; arbitrary: fc.Arbitrary<Deed> }> = {
  fault: {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant("fault"),
      fault: fc.constantFrom(...faultNames),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  pull: { weight: 10, arbitrary: plain("pull") },
  resync: { weight: 5, arbitrary: plain("resync") },
  bounded: {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("bounded"), fromDay: fc.nat(3), days: fc.constantFrom(1, 5) }),
  },
  single: { weight: 5, arbitrary: about("single") },
  replay: { weight: 10, arbitrary: about("replay") },
  cancel: { weight: 3, arbitrary: about("cancel") },
  editEvent: { weight: 3, arbitrary: about("editEvent") },
  pause: { weight: 2, arbitrary: plain("pause") },
  resume: { weight: 3, arbitrary: plain("resume") },
  timePasses: { weight: 6, arbitrary: plain("timePasses") },
  wait: { weight: 8, arbitrary: plain("wait") },
  loseWorker: { weight: 5, arbitrary: plain("loseWorker") },
  // Hardly anything is possible after a revocation, and a worker takes its time to start.
  exchangeWorker: { weight: 0.4, arbitrary: plain("exchangeWorker") },
  revoke: { weight: 0.3, arbitrary: plain("revoke") },
};

/** Histories of a connection, of these kinds of deeds only where some are named. */
export function histories(kinds = Object.keys(deeds) as Deed["kind"][]): fc.Arbitrary<Deed[]> {
  const deed = fc.oneof(...kinds.map((kind) => ({ ...deeds[kind], weight: Math.round(deeds[kind].weight * 10) })));
  return fc.array(deed, { minLength: 4, maxLength: 24, size: "max" });
}
