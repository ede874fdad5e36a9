import type { PgBoss } from "pg-boss";
import type { Logger } from "pino";
import type { Engine } from "../attempts/close-attempt.js";
import { startAttempt, type StartedAttempt } from "../attempts/start-attempt.js";
import { CredentialUnreadableError } from "../connections/credential-cipher.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import type { EntityManager } from "../database/orm.js";
import { failpoint } from "../failpoints.js";
import { providerFailure } from "../providers/failure.js";
import { ProviderFailure, type CalendarProvider, type ProviderName } from "../providers/provider.js";
import { comingFrom } from "../tracing/scope.js";
import { inSpan } from "../tracing/span.js";
import type { ChannelKeeper, Keeping } from "./channel-keeper.js";
import type { AccessTokens } from "./access-tokens.js";
import { AppointmentPull } from "./appointment-pull.js";
import { AppointmentPush } from "./appointment-push.js";
import { AttemptWriter, CancelledError, FencedOffError } from "./attempt-writer.js";
import { CalendarAccess } from "./calendar-access.js";
import { claimJobs, type ClaimedJob } from "./claim-jobs.js";
import { JobLoop } from "./job-loop.js";
import type { JobPayload } from "./job-payload.js";
import { preparingDatabase } from "./preparing-database.js";
import { Probe } from "./probe.js";
import type { ProviderTraffic } from "./provider-traffic.js";
import { Pull } from "./pull.js";
import type { PullWindow } from "./pull-window.js";
import { RequestLease } from "./request-lease.js";
import { RequestQuotas } from "./request-quotas.js";
import { WorkerCapacity } from "./worker-capacity.js";

export interface WorkerParts {
  em: EntityManager;
  /** On the system login: what is limited over all firms. */
  systemEm: EntityManager;
  boss: PgBoss;
  engine: Engine;
  traffic: ProviderTraffic;
  tokens: AccessTokens;
  channels: ChannelKeeper;
  providers: ReadonlyMap<ProviderName, CalendarProvider>;
  window: PullWindow;
  concurrency: number;
  /** That one attempt reads of a round. */
  mostPages: number;
  log: Logger;
}

const stopTimeoutMs = 8_000;

/** Takes runs from the queue and works on them: one attempt a job. */
export class Worker {
  private readonly stopping = new AbortController();
  private readonly capacity: WorkerCapacity;
  private readonly jobs: JobLoop;
  private readonly quotas: RequestQuotas;

  constructor(private readonly parts: WorkerParts) {
    const { systemEm, boss, concurrency, log } = parts;
    this.capacity = new WorkerCapacity(systemEm, concurrency, log);
    this.quotas = new RequestQuotas(systemEm);
    this.jobs = new JobLoop({
      boss,
      jobs: preparingDatabase(systemEm),
      claim: (most) => claimJobs(systemEm, boss, most),
      work: (job, signal) => comingFrom(job.data, () => this.work(job, signal)),
      concurrency,
      log,
    });
  }

  async start(): Promise<void> {
    await this.capacity.start();
    await this.jobs.start();
  }

  /** Attempts under way are closed as stopped and their runs given back; resolves when all have ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await failpoint("stop.begun");
    await this.jobs.stop(stopTimeoutMs);
    await failpoint("stop.given-back");
    await this.capacity.stop();
    await this.parts.boss.stop({ graceful: false });
  }

  private async work(job: ClaimedJob, claimSignal: AbortSignal): Promise<void> {
    const { em, engine, log } = this.parts;
    await failpoint("claim.committed");
    const started = await startAttempt(em, { jobId: job.id, ...job.data }, engine);
    if (!started) return;
    await failpoint("start.committed");
    const ids = idsOf(started, job.data);
    const attemptLog = log.child(ids);
    const name = `${started.run.operation.toLowerCase()} of connection ${started.connection.id}`;
    attemptLog.info(`attempt ${started.attemptId}: ${name} started (retry ${started.run.retryCount})`);
    const outcome = await inSpan("attempt", { kind: "CONSUMER", attributes: ids }, () =>
      this.attempt(started, claimSignal, attemptLog),
    );
    attemptLog.info(`attempt ${started.attemptId}: ${name} ${outcome}`);
  }

  /** Closes the attempt whatever happens, and says how; throws only when the database does not let it. */
  private async attempt(started: StartedAttempt, claimSignal: AbortSignal, log: Logger): Promise<string> {
    const { em, engine, traffic, tokens, channels, providers, window, mostPages } = this.parts;
    const probe = new Probe(started, traffic);
    const provider = providers.get(started.connection.provider);
    const writer = new AttemptWriter(em, started, engine);
    if (!provider) {
      await writer.fail(providerFailure("INVALID_CLIENT", { action: { kind: "HOLD" } }), 0);
      await probe.failed(null);
      return "held: this server has no application for its provider";
    }
    const signal = AbortSignal.any([claimSignal, this.stopping.signal]);
    const lease = new RequestLease(this.quotas, provider, started.connection.accountEmail);
    const access = new CalendarAccess(started, provider, tokens, signal, probe, lease);
    try {
      await workOf({ attempt: started, access, writer, log }, { channels, window, mostPages }).run();
      return writer.refusal === null ? "succeeded" : `failed: ${writer.refusal}`;
    } catch (error) {
      const outcome = await this.closeAfter(error, access.requestCount, writer, log);
      await probe.failed(error);
      return outcome;
    } finally {
      access.end();
      await lease.end();
    }
  }

  private async closeAfter(error: unknown, requestCount: number, writer: AttemptWriter, log: Logger): Promise<string> {
    try {
      if (error instanceof FencedOffError) return "was fenced off";
      if (error instanceof CancelledError) {
        await writer.cancel(requestCount);
        return "was cancelled";
      }
      if (this.stopping.signal.aborted) {
        await writer.stop(requestCount);
        return "stopped with its worker";
      }
      const failure = failureOf(error, log);
      await writer.fail(failure, requestCount);
      return `failed: ${failure.errorCode} (${failure.message})`;
    } catch (closingError) {
      if (closingError instanceof FencedOffError) return "was fenced off";
      throw closingError;
    }
  }
}

/** What the run is about. */
function workOf(
  work: Keeping,
  { channels, window, mostPages }: Pick<WorkerParts, "channels" | "window" | "mostPages">,
): { run(): Promise<void> } {
  const { attempt, access, writer } = work;
  if (attempt.run.direction === "PUSH") return new AppointmentPush(access, writer);
  return attempt.run.appointmentId === null
    ? new Pull(attempt, access, writer, window, mostPages, () => channels.keep(work))
    : new AppointmentPull(access, writer);
}

/** By which log lines and spans of the attempt are found. */
function idsOf(started: StartedAttempt, { requestId }: JobPayload): Record<string, string> {
  const { firmId, connection, run, attemptId } = started;
  return {
    ...(requestId === undefined ? {} : { requestId }),
    firmId,
    connectionId: connection.id,
    ...(run.appointmentId === null ? {} : { appointmentId: run.appointmentId }),
    correlationId: run.correlationId,
    attemptId,
  };
}

function failureOf(error: unknown, log: Logger): ProviderFailure {
  if (error instanceof ProviderFailure) {
    // Which connection, column and key version, for the operator who has to find the key; nothing of the content.
    if (error.cause instanceof CredentialUnreadableError) {
      log.error({ keyVersion: error.cause.keyVersion }, error.cause.message);
    }
    return error;
  }
  if (isDatabaseUnavailable(error)) return providerFailure("DATABASE_UNAVAILABLE", { cause: error });
  log.error({ err: error }, "the attempt failed by a fault of this server");
  return providerFailure("INTERNAL_ERROR", { cause: error });
}
