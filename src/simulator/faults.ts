import type { ProviderKind } from "./accounts.js";

interface FaultMatch {
  provider?: ProviderKind | undefined;
  method?: string | undefined;
  /** Searched in path and query. */
  pathRegex?: string | undefined;
  account?: string | undefined;
  /** The first matching request that is disturbed, counted from 1 since the fault was added. Default 1. */
  nth?: number | undefined;
}

/** What happens instead of, or to, the answer. Several may be combined; delays come first. */
export interface FaultEffect {
  status?: number | undefined;
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string> | undefined;
  delayMs?: number | undefined;
  /** Closes the connection: without an answer, or in the middle of it when `truncate` is set. */
  destroy?: boolean | undefined;
  /** Sends only the first half of the body, or so many bytes of it, as a complete answer. */
  truncate?: boolean | number | undefined;
  /** Replaces every part of the real body that a regular expression finds, as `String.replaceAll` does. */
  replace?: { pattern: string; with: string } | undefined;
  /** Never answers. */
  hang?: boolean | undefined;
  /** Sends the body byte by byte with this pause. */
  dripMs?: number | undefined;
  /** Sends so many bytes of spaces before the body: still the same JSON. */
  padBytes?: number | undefined;
}

export interface FaultInput {
  match?: FaultMatch | undefined;
  /** How many requests are disturbed; null means every one. Default 1. */
  times?: number | null | undefined;
  /** `before`: the request is not carried out. `after`: it is, and then its answer is disturbed or lost. Default `before`. */
  when?: "before" | "after" | undefined;
  then: FaultEffect;
}

export interface Fault {
  id: number;
  match: FaultMatch;
  timesLeft: number | null;
  when: "before" | "after";
  effect: FaultEffect;
}

export interface FaultSubject {
  provider: ProviderKind;
  method: string;
  path: string;
  account: string | null;
}

interface ActiveFault extends Fault {
  pattern: RegExp | null;
  seen: number;
}

/** The faults in force, in the order in which they were added; the first that fits disturbs a request. */
export class Faults {
  #active: ActiveFault[] = [];
  #lastId = 0;
  readonly #clearing = new Map<number, AbortController>();

  /** Throws SyntaxError for a pathRegex that is none. */
  add(input: FaultInput): Fault {
    const match = input.match ?? {};
    const pattern = match.pathRegex === undefined ? null : new RegExp(match.pathRegex);
    const timesLeft = input.times === undefined ? 1 : input.times;
    const fault = {
      id: ++this.#lastId,
      match,
      timesLeft,
      when: input.when ?? "before",
      effect: input.then,
      pattern,
      seen: 0,
    };
    this.#active.push(fault);
    return shown(fault);
  }

  remove(id: number): boolean {
    const before = this.#active.length;
    this.#active = this.#active.filter((fault) => fault.id !== id);
    this.#clearing.get(id)?.abort();
    this.#clearing.delete(id);
    return this.#active.length < before;
  }

  clear(): void {
    this.#active = [];
    for (const clearing of this.#clearing.values()) clearing.abort();
    this.#clearing.clear();
  }

  /** Aborts when the fault is taken back, also one that is used up. */
  clearing(id: number): AbortSignal {
    const clearing = this.#clearing.get(id) ?? new AbortController();
    this.#clearing.set(id, clearing);
    return clearing.signal;
  }

  active(): Fault[] {
    return this.#active.map(shown);
  }

  /** The fault for a request, if any. Every fault that the request fits counts it, so `nth` is independent of other faults. */
  take(subject: FaultSubject): Fault | null {
    const due = this.#active.filter((fault) => fits(fault, subject) && ++fault.seen >= (fault.match.nth ?? 1));
    const fault = due[0];
    if (!fault) return null;
    if (fault.timesLeft !== null) fault.timesLeft -= 1;
    this.#active = this.#active.filter(({ timesLeft }) => timesLeft === null || timesLeft > 0);
    return shown(fault);
  }
}

function shown({ id, match, timesLeft, when, effect }: ActiveFault): Fault {
  return { id, match, timesLeft, when, effect };
}

function fits(fault: ActiveFault, subject: FaultSubject): boolean {
  const { provider, method, account } = fault.match;
  return (
    (provider ?? subject.provider) === subject.provider &&
    (method?.toUpperCase() ?? subject.method) === subject.method &&
    (account ?? subject.account) === subject.account &&
    (fault.pattern?.test(subject.path) ?? true)
  );
}
