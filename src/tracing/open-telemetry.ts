import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Context } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Tracer } from "./span.js";

export interface RunningTracer extends Tracer {
  /** Sends what has not been sent yet, for 2 seconds at most. */
  stop(): Promise<void>;
}

const exportTimeoutMs = 2_000;
const exportEveryMs = 1_000;

/**
 * Sends spans over OTLP/HTTP as JSON to `endpoint`/v1/traces. What cannot be sent is dropped: nothing waits for it. Only loaded where
 * an endpoint is set; nothing is registered globally, so that no library traces on its own.
 */
export function createTracer(endpoint: string): RunningTracer {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: exportTimeoutMs });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "calendar-sync-admin", "process.pid": process.pid }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        scheduledDelayMillis: exportEveryMs,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  });
  const tracer = provider.getTracer("calendar-sync-admin");
  return {
    start: (name, kind, parent) => spanOf(tracer.startSpan(name, { kind: SpanKind[kind] }, contextOf(parent))),
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

type SdkSpan = ReturnType<ReturnType<TracerProvider["getTracer"]>["startSpan"]>;

function spanOf(span: SdkSpan): ReturnType<Tracer["start"]> {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
    rename: (name) => void span.updateName(name),
    note: (attributes) => void span.setAttributes(attributes),
    fail: (reason) => void span.setAttribute("error.type", reason).setStatus({ code: SpanStatusCode.ERROR }),
    end: () => {
      span.end();
    },
  };
}

/** @param parent valid, see traceparentPattern */
function contextOf(parent: string | null): Context {
  if (parent === null) return ROOT_CONTEXT;
  const [, traceId = "", spanId = "", flags = ""] = parent.split("-");
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
