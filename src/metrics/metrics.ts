import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";

/** The process's own: CPU, memory, event loop, garbage collection. Of the process, however many servers run in it. */
let processRegistry: Registry | null = null;

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * What this process counts. Several processes' counters add up: each counts what it has done itself. docs/metrics.md has a line for
 * each; labels.ts has what their labels may say.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly attempts = new Counter({
    name: "calendar_sync_attempts_total",
    help: "Attempts that this process has closed.",
    labelNames: ["provider", "operation", "outcome", "error_class"],
    registers: [this.registry],
  });

  readonly attemptSeconds = new Histogram({
    name: "calendar_sync_attempt_duration_seconds",
    help: "From the start of an attempt to its end, by the database's clock.",
    labelNames: ["provider", "operation"],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
    registers: [this.registry],
  });

  readonly runs = new Counter({
    name: "calendar_sync_runs_total",
    help: "Runs that this process has brought to an end.",
    labelNames: ["provider", "operation", "outcome", "error_class"],
    registers: [this.registry],
  });

  readonly requests = new Counter({
    name: "calendar_sync_requests_total",
    help: "Requests answered, by the GraphQL root field or the REST route.",
    labelNames: ["api", "operation", "outcome"],
    registers: [this.registry],
  });

  readonly requestSeconds = new Histogram({
    name: "calendar_sync_request_duration_seconds",
    help: "From a request's headers to the last byte of its answer.",
    labelNames: ["api", "operation"],
    buckets: seconds,
    registers: [this.registry],
  });

  readonly providerRequests = new Counter({
    name: "calendar_sync_provider_requests_total",
    help: "HTTP requests sent to providers.",
    labelNames: ["provider", "endpoint", "status"],
    registers: [this.registry],
  });

  readonly providerRequestSeconds = new Histogram({
    name: "calendar_sync_provider_request_duration_seconds",
    help: "From sending a request to a provider to the last byte of its answer.",
    labelNames: ["provider", "endpoint"],
    buckets: seconds,
    registers: [this.registry],
  });

  readonly notifications = new Counter({
    name: "calendar_sync_notifications_total",
    help: "Notifications of providers, by what became of them.",
    labelNames: ["provider", "outcome"],
    registers: [this.registry],
  });

  /** Everything in Prometheus' text format. */
  async text(): Promise<string> {
    return `${await this.registry.metrics()}\n${await processMetrics().metrics()}`;
  }

  get contentType(): string {
    return this.registry.contentType;
  }
}

function processMetrics(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}
