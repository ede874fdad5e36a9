import { useTracer } from "./span.js";

/** Traces from now on, where an endpoint is set; else nothing of OpenTelemetry is even loaded. Resolves to what ends it. */
export async function startTracing(endpoint: string | null): Promise<() => Promise<void>> {
  if (endpoint === null) return () => Promise.resolve();
  const { createTracer } = await import("./open-telemetry.js");
  const tracer = createTracer(endpoint);
  useTracer(tracer);
  return async () => {
    useTracer(null);
    await tracer.stop();
  };
}
