import type { EventArgs, EventSubscriber, TransactionEventArgs } from "@mikro-orm/core";
import { SyncAttempt } from "../attempts/sync-attempt.entity.js";
import { isFinishedStatus, SyncRun } from "../attempts/sync-run.entity.js";
import { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { EntityManager } from "../database/orm.js";
import {
  attemptOutcomes,
  errorClasses,
  labelOf,
  operationLabels,
  other,
  providerLabels,
  runOutcomes,
} from "./labels.js";
import type { Metrics } from "./metrics.js";

type Ended = SyncAttempt | SyncRun;

/**
 * Counts attempts and runs that end, each when the transaction that ends it has committed: one that is rolled back, or tried again
 * after a deadlock, counts nothing.
 */
export function countOutcomes(em: EntityManager, metrics: Metrics): void {
  em.getEventManager().registerSubscriber(new CommittedOutcomes(metrics));
}

class CommittedOutcomes implements EventSubscriber<Ended> {
  private readonly uncommitted = new WeakMap<object, Set<Ended>>();

  constructor(private readonly metrics: Metrics) {}

  getSubscribedEntities() {
    return [SyncAttempt, SyncRun];
  }

  afterUpdate({ em, entity, changeSet }: EventArgs<Ended>): void {
    if (changeSet?.payload.status === undefined || !hasEnded(entity)) return;
    const ended = this.uncommitted.get(em) ?? new Set();
    this.uncommitted.set(em, ended.add(entity));
  }

  afterTransactionCommit({ em }: TransactionEventArgs): void {
    for (const ended of this.uncommitted.get(em) ?? []) {
      if (ended instanceof SyncAttempt) this.countAttempt(ended);
      else this.countRun(ended, providerOf(em, ended));
    }
    this.uncommitted.delete(em);
  }

  afterTransactionRollback({ em }: TransactionEventArgs): void {
    this.uncommitted.delete(em);
  }

  private countAttempt({ provider, operation, status, errorClass, startedAt, finishedAt }: SyncAttempt): void {
    const labels = {
      provider: labelOf(providerLabels, provider),
      operation: labelOf(operationLabels, operation),
    };
    const outcome = labelOf(attemptOutcomes, status);
    this.metrics.attempts.inc({ ...labels, outcome, error_class: labelOf(errorClasses, errorClass ?? "NONE") });
    if (finishedAt) this.metrics.attemptSeconds.observe(labels, (finishedAt.getTime() - startedAt.getTime()) / 1000);
  }

  private countRun({ operation, status, errorClass }: SyncRun, provider: string | null): void {
    this.metrics.runs.inc({
      provider: labelOf(providerLabels, provider),
      operation: labelOf(operationLabels, operation),
      outcome: labelOf(runOutcomes, status),
      error_class: status === "FAILED" ? labelOf(errorClasses, errorClass ?? other) : "NONE",
    });
  }
}

function hasEnded(entity: Ended): boolean {
  return entity instanceof SyncAttempt ? entity.status !== "RUNNING" : isFinishedStatus(entity.status);
}

/** Whoever ends a run has locked its connection, so that it is there without asking. */
function providerOf(em: TransactionEventArgs["em"], { connectionId }: SyncRun): string | null {
  return em.getUnitOfWork().getById<CalendarConnection>(CalendarConnection, connectionId)?.provider ?? null;
}
