/** Starts a worker as worker-process.ts does, then prints how many modules of the tracing SDK it has loaded. */
import { registerHooks } from "node:module";

let loaded = 0;
registerHooks({
  load(url, context, nextLoad) {
    if (/@opentelemetry\/(sdk-trace|exporter|resources|otlp)|tracing\/open-telemetry/.test(url)) loaded += 1;
    return nextLoad(url, context);
  },
});
await import("../support/worker-process.js");
process.stdout.write(`${loaded}\n`);
