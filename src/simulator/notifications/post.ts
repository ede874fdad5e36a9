import { setTimeout as pause } from "node:timers/promises";

export interface Message {
  headers: Readonly<Record<string, string>>;
  /** Null for none. */
  body: string | null;
}

/** How long a receiver may take. */
const ANSWER_MS = 30_000;

/** Pauses before the attempts after the first. */
const PAUSES_MS = [100, 300, 900];

/** One POST. Null where no answer comes in time. */
export async function post(address: string, { headers, body }: Message, signal: AbortSignal): Promise<Response | null> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  return fetch(address, { method: "POST", headers, body, redirect: "error", signal: within }).catch(() => null);
}

/** Posts until the receiver takes it, four times at most; then the message is dropped. */
export async function deliverMessage(address: string, message: Message, signal: AbortSignal): Promise<void> {
  for (const pauseMs of [...PAUSES_MS, null]) {
    const answer = await post(address, message, signal);
    await answer?.body?.cancel();
    if (answer?.ok || pauseMs === null || signal.aborted) return;
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
