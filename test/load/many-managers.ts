import type { TestApp } from "../support/app.js";
import { signToken } from "../../src/access/token.js";
import type { Asked } from "./open-loop.js";

/** A connection that managers look at and act on. */
export interface ManagedConnection {
  id: string;
  firmId: string;
}

const reads: Readonly<Record<string, string>> = {
  syncStatus: `query ($id: ID!) { syncStatus(connectionId: $id) { status health lastSyncAt nextSyncAt
    statistics { totalAttempts successes failures successRate openFailures } } }`,
  failedAttempts: `query ($id: ID!) { failedAttempts(connectionId: $id, first: 25) { totalCount nodes { id errorCode remedy isReplayable } } }`,
  syncRuns: `query ($id: ID!) { syncRuns(connectionId: $id, first: 10) { nodes { correlationId status createdCount unchangedCount } } }`,
  calendarConnections: `{ calendarConnections(first: 25) { nodes { id status health } } }`,
  appointments: `query ($id: ID!) { appointments(connectionId: $id, first: 25) { nodes { id title startsAt endsAt } } }`,
  auditEvents: `{ auditEvents(first: 25) { nodes { eventType actorId createdAt } } }`,
};
const mutations: Readonly<Record<string, string>> = {
  resync: `mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 0) { result { correlationId } } }`,
  pause: `mutation ($id: ID!) { pauseConnection(connectionId: $id, reason: "load") { id } }`,
  resume: `mutation ($id: ID!) { resumeConnection(connectionId: $id) { id } }`,
  replay: `mutation ($attempt: ID!) { replayAttempt(attemptId: $attempt, waitSeconds: 0) { result { correlationId } } }`,
};
const readShare = 0.8;
const managersOfFirm = 10;

/** What managers of many firms ask for: mostly reads, now and then a deed on a connection of theirs. The same every time but for chance. */
export class ManyManagers {
  private constructor(
    private readonly connections: readonly ManagedConnection[],
    private readonly tokens: ReadonlyMap<string, readonly string[]>,
    /** Attempts that may be replayed, by connection. */
    private readonly failures: ReadonlyMap<string, string>,
  ) {}

  static async of(
    app: TestApp,
    connections: readonly ManagedConnection[],
    failures: ReadonlyMap<string, string>,
  ): Promise<ManyManagers> {
    const tokens = new Map<string, string[]>();
    for (const firmId of new Set(connections.map((connection) => connection.firmId))) {
      const signed = Array.from({ length: managersOfFirm }, (_, index) =>
        signToken(app.config.jwt, { userId: `manager-${index}`, firmId, role: "manager", name: null, hours: 2 }),
      );
      tokens.set(firmId, await Promise.all(signed));
    }
    return new ManyManagers(connections, tokens, failures);
  }

  next(): Asked {
    const connection = any(this.connections);
    const token = any(this.tokens.get(connection.firmId) ?? []);
    const attempt = this.failures.get(connection.id);
    const isRead = Math.random() < readShare;
    const possible = Object.entries(isRead ? reads : mutations).filter(
      ([name]) => name !== "replay" || attempt !== undefined,
    );
    const [name, query] = any(possible);
    const variables = name === "replay" ? { attempt } : query.includes("$id") ? { id: connection.id } : {};
    return { name, token, query, variables };
  }
}

function any<T>(values: readonly T[]): T {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error("there is none");
  return value;
}
