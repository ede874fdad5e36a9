import type { TestApp } from "../support/app.js";
import { Given } from "../support/given.js";
import { post, type GraphqlAnswer } from "../support/graphql-server.js";

/** An operation that takes a key, and what it is asked about. */
export interface KeyedDeed {
  operation: string;
  eventType: string;
  query: string;
  /** A thing that it can be asked of, and the connection that it belongs to. */
  prepare(given: Given, firmId?: string): Promise<{ id: string; connectionId: string }>;
}

function mutationOf(operation: string, argument: string): string {
  return `mutation ($id: ID!, $idempotencyKey: String, $reason: String, $waitSeconds: Int = 0) {
    ${operation}(${argument}: $id, idempotencyKey: $idempotencyKey, reason: $reason, waitSeconds: $waitSeconds) {
      message result { status correlationId errorCode } run { id status } } }`;
}

export const resyncConnection: KeyedDeed = {
  operation: "resyncConnection",
  eventType: "calendar_connection_resync_requested",
  query: mutationOf("resyncConnection", "connectionId"),
  async prepare(given, firmId = "1") {
    const connectionId = await given.connection({ firm_id: firmId });
    return { id: connectionId, connectionId };
  },
};

export const resyncAppointment: KeyedDeed = {
  operation: "resyncAppointment",
  eventType: "appointment_resync_requested",
  query: mutationOf("resyncAppointment", "appointmentId"),
  async prepare(given, firmId = "1") {
    const connectionId = await given.connection({ firm_id: firmId });
    const columns = { firm_id: firmId, connection_id: connectionId, external_event_id: "event-1" };
    return { id: await given.appointment(columns), connectionId };
  },
};

export const replayAttempt: KeyedDeed = {
  operation: "replayAttempt",
  eventType: "calendar_sync_manual_replay_requested",
  query: mutationOf("replayAttempt", "attemptId"),
  async prepare(given, firmId = "1") {
    const connectionId = await given.connection({ firm_id: firmId });
    const { attemptId } = await given.openFailure(connectionId, { firm_id: firmId }, { firm_id: firmId });
    await given.counters(connectionId, { transient_failures: 1, open_retryable: 1, consecutive_failures: 1 });
    return { id: attemptId, connectionId };
  },
};

export const keyedDeeds = [resyncConnection, resyncAppointment, replayAttempt];

export interface Answer {
  status: number;
  /** Null where it was refused. */
  correlationId: string | null;
  resultStatus: string | null;
  /** Extensions of the one error. */
  refusal: Record<string, unknown> | null;
}

/** Asks a deed of a process as a user. */
export async function ask(
  url: string,
  token: string,
  { operation, query }: Pick<KeyedDeed, "operation" | "query">,
  variables: object,
): Promise<Answer> {
  const answer = await post(url, { query, variables }, token);
  const result = resultOf(answer, operation);
  return {
    status: answer.status,
    correlationId: result?.correlationId ?? null,
    resultStatus: result?.status ?? null,
    refusal: answer.errors[0]?.extensions ?? null,
  };
}

function resultOf({ data }: GraphqlAnswer, operation: string): { correlationId: string; status: string } | undefined {
  const payloads = data as Record<string, { result: { correlationId: string; status: string } } | null> | null;
  return payloads?.[operation]?.result;
}

/** What has come of all that was asked of a connection. */
export async function tracesOf(app: TestApp, connectionId: string, eventType: string) {
  const [counts] = await app.sql(
    `select
       (select count(*)::int from audit_event e join sync_run r on r.correlation_id = e.correlation_id
        where r.connection_id = $1 and e.event_type = $2) as requests,
       (select count(*)::int from sync_run where connection_id = $1) as runs,
       (select count(*)::int from pgboss.job j join sync_run r on r.id::text = j.data ->> 'runId' where r.connection_id = $1) as jobs,
       (select count(*)::int from idempotency_key k join sync_run r on r.id = k.run_id where r.connection_id = $1) as keys`,
    [connectionId, eventType],
  );
  return counts;
}

export function givenIn(app: TestApp): Given {
  return new Given(app.installation.database.superuserUrl);
}
