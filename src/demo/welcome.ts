const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
const lunch = {
  action: "create",
  account: "town@example.com",
  event: { title: "Lunch", start: { dateTime: `${tomorrow}T12:00:00Z` }, end: { dateTime: `${tomorrow}T12:45:00Z` } },
};

export interface WelcomeFacts {
  url: string;
  simulatorUrl: string;
  managerToken: string;
  staffToken: string;
  otherManagerToken: string;
}

/** What is printed on the terminal, and only there: where to go, with which tokens, and calls that work when pasted. */
export function welcome({ url, simulatorUrl, managerToken, staffToken, otherManagerToken }: WelcomeFacts): string {
  const call = (token: string, query: string): string =>
    `  curl -s ${url}/graphql -H "Authorization: Bearer $${token}" -H 'Content-Type: application/json' -d '${JSON.stringify({ query })}'`;
  return `
Calendar Sync Admin is running at ${url}
  GraphiQL: ${url}/graphql (open it in a browser; the manager's token is set)

The tokens, valid for 12 hours, and the simulated provider's address:
  MANAGER='${managerToken}'
  STAFF='${staffToken}'
  OTHER_MANAGER='${otherManagerToken}'
  SIMULATOR='${simulatorUrl}'

Paste the four lines above into a shell, then try:

# the sync status of a connection
${call("MANAGER", "{ syncStatus(connectionId: 123) { status health lastSyncAt statistics { totalAttempts successRate openFailures } } }")}

# what went wrong, newest first
${call("MANAGER", "{ failedAttempts(includeExhausted: true) { totalCount nodes { id connectionId operation errorCode errorSummary remedy } } }")}

# an attempt whose retries are used up; the provider is back, so a replay succeeds
${call("MANAGER", 'mutation { replayAttempt(attemptId: 789, reason: "the provider is back") { message result { status } } }')}

# the next appointments
${call("MANAGER", "{ appointments(connectionId: 123, first: 5) { totalCount nodes { id title startsAt endsAt status } } }")}

# sync a whole connection again, and see who asked for it
${call("MANAGER", 'mutation { resyncConnection(connectionId: 123, reason: "trying it out") { message result { status syncedCount } run { createdCount unchangedCount } } }')}
${call("MANAGER", "{ auditEvents(first: 3) { nodes { eventType actorId resourceType resourceId createdAt metadata } } }")}

# add an event as the calendar's user; it is an appointment after the next pull, within 20 seconds
  curl -s $SIMULATOR/__sim/events -d '${JSON.stringify(lunch)}'
${call("MANAGER", `{ appointments(connectionId: 123, startsAfter: "${lunch.event.start.dateTime}", first: 1) { nodes { id title startsAt } } }`)}

# one appointment again; one year again
${call("MANAGER", "mutation { resyncAppointment(appointmentId: 456) { message result { status } appointment { title startsAt } } }")}
${call("MANAGER", 'mutation { resyncConnection(connectionId: 123, startDate: "2025-01-01T00:00:00Z", endDate: "2026-01-01T00:00:00Z") { message result { status syncedCount } } }')}

# staff may not: FORBIDDEN
${call("STAFF", "{ syncStatus(connectionId: 123) { status } }")}

# another firm's manager sees nothing of it: NOT_FOUND
${call("OTHER_MANAGER", "{ syncStatus(connectionId: 123) { status } }")}

npm run demo:tour, in another terminal, plays all of this and more, and checks every answer.
Ctrl-C stops everything; the next start goes on with the same data.
`;
}
