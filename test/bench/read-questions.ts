import { signToken, type TokenConfig } from "../../src/access/token.js";
import type { LoadRequest } from "./load.js";

/** What is asked: the same rows of the server, and of those that it is compared with. */
export const failedAttempts = `query Failures($after: String, $connectionId: ID) {
  failedAttempts(first: 25, after: $after, connectionId: $connectionId) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes {
      id connectionId operation direction status state errorClass errorCode errorSummary retryCount maxRetriesReached nextRetryAt startedAt
      finishedAt correlationId
    }
  }
}`;

export const syncStatus = `query Status($connectionId: ID!) {
  syncStatus(connectionId: $connectionId) {
    connectionId provider status lastSyncAt lastSyncCursor
    statistics {
      totalAttempts successes failures successRate maxRetriesReached pendingRetry eligibleForRetry
      errorBreakdown { transient nonRetryable rateLimited } lastSuccessfulSync lastSyncCursor
    }
  }
}`;

/** The same of PostGraphile. */
const postGraphileFailures = `query Failures($firmId: BigInt!) {
  allSyncAttempts(first: 25, orderBy: [ROW_ID_DESC], condition: { firmId: $firmId, state: "OPEN", maxRetriesReached: false }) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes {
      rowId connectionId operation direction status state errorClass errorCode errorSummary retryCount maxRetriesReached nextRetryAt startedAt
      finishedAt correlationId
    }
  }
}`;

/** Rates and sums are left to its client; it has no condition for retries that are ahead, so that all open failures are counted. */
const postGraphileStatus = `query Status($firmId: BigInt!, $connectionId: BigInt!) {
  calendarConnectionByFirmIdAndRowId(firmId: $firmId, rowId: $connectionId) {
    rowId provider status cursor
    connectionStatisticByFirmIdAndConnectionId {
      successes transientFailures rateLimitedFailures nonRetryableFailures openRetryable openExhausted lastSyncAt lastSuccessfulSyncAt
    }
  }
  allSyncAttempts(condition: { firmId: $firmId, connectionId: $connectionId, state: "OPEN" }) { totalCount }
}`;

export function graphql(token: string, query: string, variables: object = {}): LoadRequest {
  return { path: "/graphql", token, body: JSON.stringify({ query, variables }) };
}

const rest = "/api/calendar/admin";

/** One of each firm, in turns: what every firm's manager asks of the server (`api`, `rest`), and of those that it is compared with. */
export function everyFirmsQuestions(tokens: readonly string[]) {
  const each = (question: (token: string, connectionId: number, firmId: string) => LoadRequest) =>
    tokens.map((token, index) => question(token, connectionOf(index + 1, tokens.length), String(index + 1)));
  return {
    failures: {
      api: each((token) => graphql(token, failedAttempts)),
      raw: each((token) => ({ path: "/failedAttempts", token })),
      postGraphile: each((token, _id, firmId) => graphql(token, postGraphileFailures, { firmId })),
    },
    connectionFailures: {
      rest: each((token, id) => ({ path: `${rest}/connections/${id}/failed-attempts/`, token })),
      raw: each((token, id) => ({ path: `/failedAttemptsOfConnection/${id}`, token })),
    },
    status: {
      api: each((token, connectionId) => graphql(token, syncStatus, { connectionId })),
      rest: each((token, id) => ({ path: `${rest}/connections/${id}/sync-status/`, token })),
      raw: each((token, id) => ({ path: `/syncStatus/${id}`, token })),
      postGraphile: each((token, id, firmId) =>
        graphql(token, postGraphileStatus, { firmId, connectionId: String(id) }),
      ),
    },
  };
}

/** One that nobody has made large: see read-seed.ts. */
function connectionOf(firm: number, firms: number): number {
  return firm + 5 * firms;
}

export function managerTokens(jwt: TokenConfig, firms: number): Promise<string[]> {
  const ids = Array.from({ length: firms }, (_, index) => String(index + 1));
  return Promise.all(
    ids.map((firmId) =>
      signToken(jwt, { userId: `manager-${firmId}`, firmId, role: "manager", name: null, hours: 12 }),
    ),
  );
}
