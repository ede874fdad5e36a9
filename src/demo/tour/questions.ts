import { z } from "zod";
import type { Tour } from "./tour.js";

const status = z.object({ syncStatus: z.object({ status: z.string(), lastSyncAt: z.string().nullable() }) });

export async function howIsAConnection(tour: Tour): Promise<void> {
  tour.heading("How is connection 123?");
  const { syncStatus } = await tour.ask(
    "{ syncStatus(connectionId: 123) { provider status health lastSyncAt statistics { totalAttempts successRate openFailures } } }",
    status,
  );
  tour.check("it is active and has synced", syncStatus.status === "ACTIVE" && syncStatus.lastSyncAt !== null);
}

const failures = z.object({
  failedAttempts: z.object({
    nodes: z.array(z.object({ connectionId: z.string(), errorClass: z.string(), remedy: z.string() })),
  }),
});

export async function whatHasFailed(tour: Tour): Promise<void> {
  tour.heading("What has failed, and what helps?");
  const { failedAttempts } = await tour.ask(
    "{ failedAttempts(includeExhausted: true) { nodes { id connectionId errorClass errorCode retryCount nextRetryAt isReplayable remedy } } }",
    failures,
  );
  const lapsed = failedAttempts.nodes.find(({ connectionId }) => connectionId === "127");
  tour.check(
    "connection 127, whose account has taken the access back, needs its owner",
    lapsed?.errorClass === "NON_RETRYABLE" && lapsed.remedy === "RECONNECT",
  );
}

const revoked = z.object({
  calendarConnection: z.object({ status: z.string(), activeRun: z.object({ status: z.string() }).nullable() }),
});

export async function whatBecomesOfARevokedAccount(tour: Tour): Promise<void> {
  tour.heading("What becomes of an account that takes its access back?");
  const { calendarConnection } = await tour.ask(
    "{ calendarConnection(id: 127) { accountEmail status statusReason health activeRun { operation status } } }",
    revoked,
  );
  const { status: connectionStatus, activeRun } = calendarConnection;
  tour.check("its connection is revoked, its run held", connectionStatus === "REVOKED" && activeRun?.status === "HELD");
  const refusal = await tour.refusal("manager", "mutation { resyncConnection(connectionId: 127) { message } }");
  tour.check("a resync of it is refused", refusal?.["reason"] === "CONNECTION_REVOKED");
}

export async function whoMay(tour: Tour): Promise<void> {
  tour.heading("Who may see this?");
  const query = "{ syncStatus(connectionId: 123) { status } }";
  const staff = await tour.refusal("staff", query);
  tour.check("staff may not", staff?.["code"] === "FORBIDDEN");
  const other = await tour.refusal("other-manager", query);
  tour.check("for another firm it does not exist", other?.["code"] === "NOT_FOUND");
}

const audit = z.object({
  auditEvents: z.object({ nodes: z.array(z.object({ id: z.string(), eventType: z.string() })) }),
});

/** The newest audit event, from before a tour's deeds. */
export async function newestAuditEvent(tour: Tour): Promise<bigint> {
  const { auditEvents } = await tour.look("{ auditEvents(first: 1) { nodes { id eventType } } }", audit);
  return BigInt(auditEvents.nodes[0]?.id ?? 0);
}

export async function whoDidWhat(tour: Tour, newestBefore: bigint): Promise<void> {
  tour.heading("Who did all that?");
  const { auditEvents } = await tour.ask(
    '{ auditEvents(first: 50, actorId: "demo-manager") { nodes { id eventType actorId resourceId correlationId } } }',
    audit,
  );
  const own = auditEvents.nodes.filter(({ id }) => BigInt(id) > newestBefore);
  const recorded = new Set(own.map(({ eventType }) => eventType));
  for (const deed of tour.deeds) tour.check(`the audit has ${deed}`, recorded.has(deed));
}
