import { comingFrom, currentOrigin } from "./scope.js";

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** One piece of work of a trace. Names and attributes hold ids, counts and codes, never an address, title or name. */
export interface Span {
  readonly traceparent: string;
  rename(name: string): void;
  note(attributes: Attributes): void;
  /** It has failed; `reason` is the error's kind. */
  fail(reason: string): void;
  end(): void;
}

export type SpanKind = "INTERNAL" | "SERVER" | "CLIENT" | "CONSUMER";

export interface Tracer {
  start(name: string, kind: SpanKind, parent: string | null): Span;
}

export interface SpanOptions {
  kind?: SpanKind;
  attributes?: Attributes;
}

let tracer: Tracer | null = null;

/** Null: nothing is traced, and spans cost nothing. */
export function useTracer(by: Tracer | null): void {
  tracer = by;
}

export function isTracing(): boolean {
  return tracer !== null;
}

/** Does `work` as a span of the trace that the current work belongs to, or of a new one. What it throws goes through. */
export async function inSpan<T>(
  name: string,
  { kind = "INTERNAL", attributes }: SpanOptions,
  work: (span: Span | null) => Promise<T>,
): Promise<T> {
  if (!tracer) return work(null);
  const origin = currentOrigin();
  const span = tracer.start(name, kind, origin.traceparent ?? null);
  if (attributes) span.note(attributes);
  try {
    return await comingFrom({ ...origin, traceparent: span.traceparent }, () => work(span));
  } catch (error) {
    span.fail(error instanceof Error ? error.name : "unknown");
    throw error;
  } finally {
    span.end();
  }
}

/** As inSpan, where the current work belongs to a trace; what nobody asked for makes none. */
export function inChildSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  return currentOrigin().traceparent === undefined ? work() : inSpan(name, {}, work);
}
