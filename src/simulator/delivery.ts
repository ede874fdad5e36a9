import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "./answer.js";
import type { FaultEffect } from "./faults.js";

/** Sends an answer as it is. */
export function deliver(response: ServerResponse, answer: Answer): void {
  const hasBody = answer.status !== 204 && answer.status !== 304;
  response.writeHead(
    answer.status,
    hasBody ? { "content-length": Buffer.byteLength(answer.body), ...answer.headers } : answer.headers,
  );
  response.end(hasBody ? answer.body : undefined);
}

/** The answer a fault puts in the place of the real one: status and body where it names them, headers over the real ones. */
export function disturbedAnswer(answer: Answer | null, effect: FaultEffect): Answer {
  const status = effect.status ?? answer?.status ?? 200;
  const isText = typeof effect.body === "string";
  const ownBody = effect.body === undefined ? null : bodyText(effect.body);
  const isReplaced = ownBody !== null || effect.status !== undefined || answer === null;
  const type = { "content-type": isText ? "text/html; charset=UTF-8" : "application/json; charset=UTF-8" };
  const headers = { ...(isReplaced ? type : answer.headers), ...lowerCase(effect.headers ?? {}) };
  return { status, headers, body: replaced(isReplaced ? (ownBody ?? "") : answer.body, effect) };
}

function replaced(body: string, { replace }: FaultEffect): string {
  return replace === undefined ? body : body.replaceAll(new RegExp(replace.pattern, "g"), replace.with);
}

function bodyText(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Sends an answer in the disturbed way that a fault describes. Resolves when nothing more will be sent. */
export async function deliverDisturbed(
  response: ServerResponse,
  answer: Answer,
  effect: FaultEffect,
  signal: AbortSignal,
): Promise<void> {
  const whole = Buffer.from(answer.body);
  const sent =
    effect.truncate === undefined || effect.truncate === false
      ? whole
      : whole.subarray(0, cutAt(effect.truncate, whole));
  if (effect.destroy) {
    destroyAfter(response, answer, effect, whole, sent);
    return;
  }
  const { dripMs, padBytes = 0 } = effect;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.status === 204 ? {} : { "content-length": String(sent.length + padBytes) }),
  });
  for (let left = padBytes; left > 0 && !response.destroyed; left -= PADDING.length)
    await write(response, PADDING.subarray(0, left));
  if (dripMs !== undefined) await drip(response, sent, dripMs, signal);
  else response.end(sent);
}

const PADDING = Buffer.alloc(1_048_576, " ");

function cutAt(truncate: true | number, whole: Buffer): number {
  return truncate === true ? Math.floor(whole.length / 2) : truncate;
}

/** Closes the connection: at once, or in the middle of a body whose whole length was announced. */
function destroyAfter(
  response: ServerResponse,
  answer: Answer,
  effect: FaultEffect,
  whole: Buffer,
  sent: Buffer,
): void {
  if (!effect.truncate) {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, { ...answer.headers, "content-length": String(whole.length) });
  response.write(sent, () => response.socket?.destroy());
}

/** Waits for room; a connection that closes meanwhile ends the waiting too. */
async function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (response.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      response.off("drain", goOn).off("close", goOn);
      resolve();
    };
    response.once("drain", goOn).once("close", goOn);
  });
}

async function drip(response: ServerResponse, body: Buffer, pauseMs: number, signal: AbortSignal): Promise<void> {
  for (const byte of body) {
    if (response.destroyed || signal.aborted) return;
    response.write(Buffer.of(byte));
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  response.end();
}
