import { AsyncLocalStorage } from "node:async_hooks";

/** Where work comes from: only ids. It travels with a job to the process that works on it. */
export interface Origin {
  /** Of the request that asked for it. */
  requestId?: string | undefined;
  /** The span that it belongs to, as W3C Trace Context writes it. */
  traceparent?: string | undefined;
}

interface Current extends Origin {
  /** The run that is being worked on. */
  runId?: string;
}

const origins = new AsyncLocalStorage<Current>();

/** Version, trace id, span id and flags. https://www.w3.org/TR/trace-context/ */
export const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Everything that `work` does, also later, has this origin. */
export function comingFrom<T>(origin: Current, work: () => T): T {
  return origins.run(origin, work);
}

/** Of what is being done now; empty for what nobody has asked for. */
export function currentOrigin(): Current {
  return origins.getStore() ?? nowhere;
}

/** Of a job for this run; null where that is not known here: what an attempt at another run lets go on comes from elsewhere. */
export function originOfJob(runId: string): Origin | null {
  const { runId: workedOn, ...origin } = currentOrigin();
  return workedOn === undefined || workedOn === runId ? origin : null;
}

const nowhere: Origin = {};
