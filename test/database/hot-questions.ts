/** A question of the API, over GraphQL, or a path of the older routes, as a manager of firm 1 asks it of hot-rows.ts. */
export interface HotQuestion {
  ask: string;
  /** Rows that a statement of it may read or sort, where that is not a few pages' worth; a count may read 10,001. */
  mostRows?: number;
  /** Why nothing bounds what is read: with the values (`always`), or where it is planned without them. */
  unbounded?: { when: "always" | "force_generic_plan"; why: string };
}

/** A list page of 50, a row of each partition, and the rows of the firm's connections. */
export const fewRows = 600;
export const countedRows = 10_500;

const openFailuresOfFirm = 1_000;
const failuresOfFirm = 3_500;
const healthOfConnections = 2_000;

function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

const withoutIndex = {
  when: "always",
  why: "no index has it: the attempts are read from the newest on until the page is full, or for 10 seconds",
} as const;
/** Filtered lists and counts are sent without names: PostgreSQL plans them with their values. */
const plannedWithValues = {
  when: "force_generic_plan",
  why: "it depends on the values which index is the better one; they are known whenever the server asks",
} as const;

const attempt = `{ totalCount nodes { id status state errorCode retryCount nextRetryAt startedAt durationMs remedy } }`;
const related = `{ totalCount nodes { id isRunning isReplayable run { id lastAttempt { id } } connection { id } appointment { id } resolvedBy { id } } }`;
const ids = "{ totalCount nodes { id } }";

const status: HotQuestion[] = [
  {
    ask: "{ syncStatus(connectionId: 1) { health lastSyncAt statistics { totalAttempts pendingRetry eligibleForRetry } } }",
  },
  {
    ask: "{ calendarConnection(id: 1) { health activeRun { id } lastFailure { id } failedAttempts { totalCount nodes { id } } } }",
  },
  { ask: "/connections/1/sync-status/" },
];

const failedAttempts: HotQuestion[] = [
  { ask: `{ failedAttempts ${related} }` },
  { ask: `{ failedAttempts(includeExhausted: true) ${attempt} }` },
  { ask: `{ failedAttempts(includeExhausted: true, includeClosed: true) ${attempt} }`, mostRows: failuresOfFirm },
  { ask: `{ failedAttempts(connectionId: 1) ${attempt} }` },
  { ask: `{ failedAttempts(connectionId: 2) ${attempt} }` },
  { ask: `{ failedAttempts(connectionId: 1, includeClosed: true, includeExhausted: true) ${attempt} }` },
  ...[
    ...[
      "errorClass: [TRANSIENT]",
      'errorCode: "CODE_3"',
      'errorCode: "CODE_9"',
      "operation: [UPSERT]",
      "direction: PUSH",
    ],
    ...["provider: GOOGLE", "appointmentId: 1009", `startedBefore: "${daysAgo(290)}"`, `startedAfter: "${daysAgo(2)}"`],
  ].map((filter) => ({ ask: `{ failedAttempts(filter: { ${filter} }) ${ids} }`, mostRows: openFailuresOfFirm })),
  { ask: "/sync-attempts/failed/?include_exhausted=true&page=3" },
  { ask: "/connections/1/failed-attempts/" },
];

const syncAttempts: HotQuestion[] = [
  { ask: `{ syncAttempts ${related} }` },
  { ask: `{ syncAttempts(connectionId: 1) ${attempt} }` },
  ...["FAIL", "SUCCESS", "RUNNING"].flatMap((one) => [
    { ask: `{ syncAttempts(status: ${one}) ${ids} }` },
    { ask: `{ syncAttempts(connectionId: 1, status: ${one}) ${ids} }` },
  ]),
  ...['errorCode: "CODE_9"', "errorClass: [RATE_LIMITED, TRANSIENT]"].map((filter) => ({
    ask: `{ syncAttempts(filter: { ${filter} }) ${ids} }`,
    mostRows: failuresOfFirm,
  })),
  { ask: `{ syncAttempts(filter: { appointmentId: 1009 }) ${ids} }` },
  ...[
    ...[`startedBefore: "${daysAgo(271)}"`, `startedAfter: "${daysAgo(2)}"`],
    ...["operation: [DELETE]", "direction: PUSH", "provider: MICROSOFT"],
  ].map((filter) => ({ ask: `{ syncAttempts(filter: { ${filter} }) ${ids} }`, unbounded: withoutIndex })),
  { ask: "/sync-attempts/?page=2" },
];

const syncRuns: HotQuestion[] = [
  {
    ask: "{ syncRuns { totalCount nodes { id attempts { id } lastAttempt { id } connection { id } appointment { id } } } }",
  },
  ...["connectionId: 1", "appointmentId: 1009", "status: [FAILED]", "status: [FAILED, CANCELLED, RUNNING]"].map(ofRuns),
  ...["status: [QUEUED, RUNNING, RETRYING, HELD]", "status: []"].map(ofRuns),
  ...["connectionId: 1, status: [FAILED]", "connectionId: 1, status: [CANCELLED, SUCCEEDED]"].map(ofRuns),
];

const appointments: HotQuestion[] = [
  ...["", "(connectionId: 1)", `(startsAfter: "${daysAgo(22)}")`, "(status: CANCELLED)", "(status: TENTATIVE)"].map(
    ofAppointments,
  ),
  ofAppointments(`(startsAfter: "${daysAgo(22)}", startsBefore: "${daysAgo(21)}")`),
  ofAppointments(`(connectionId: 1, startsAfter: "${daysAgo(22)}", startsBefore: "${daysAgo(21)}")`),
  { ...ofAppointments("(connectionId: 1, status: CANCELLED)"), mostRows: failuresOfFirm, unbounded: plannedWithValues },
  ...['(externalEventId: "event-4")', '(connectionId: 1, externalEventId: "event-4")'].map(ofAppointments),
  ofAppointments(`(updatedAfter: "${daysAgo(53)}")`),
  {
    ask: `{ appointments(connectionId: 1, updatedAfter: "${daysAgo(53)}") { nodes { id } } }`,
    unbounded: plannedWithValues,
  },
];

const auditEvents: HotQuestion[] = [
  ...[
    "",
    '(resourceType: "calendar_connection", resourceId: 1)',
    '(eventType: "calendar_sync_retry")',
    '(eventType: "nothing")',
  ].map(ofEvents),
  ...['(actorId: "manager-2")', '(correlationId: "a87ff679-a2f3-e71d-9181-a67b7542122c")'].map(ofEvents),
  ...['(severity: "warning")', '(severity: "error")', '(severity: "none")'].map(ofEvents),
  // A day around the instant is read beside it.
  ...[`(createdAfter: "${daysAgo(22)}")`, `(createdBefore: "${daysAgo(262)}")`].map((range) => ({
    ...ofEvents(range),
    mostRows: 1_000,
  })),
  {
    ...ofEvents(`(eventType: "calendar_sync_retry", createdBefore: "${daysAgo(262)}")`),
    unbounded: plannedWithValues,
  },
  { ...ofEvents("(resourceId: 1)"), unbounded: plannedWithValues },
  { ...ofEvents('(resourceType: "sync_run")'), unbounded: plannedWithValues },
];

const connection = `{ id health statistics { totalAttempts pendingRetry } activeRun { id } lastFailure { id } failedAttempts { totalCount nodes { id } } }`;

const connections: HotQuestion[] = [
  { ask: `{ calendarConnections { totalCount nodes ${connection} } }`, mostRows: 900 },
  { ask: `{ calendarConnections(ownerId: "staff-7") ${ids} }` },
  { ask: `{ calendarConnections(search: "user12") ${ids} }` },
  { ask: `{ calendarConnections(health: [STALE]) ${ids} }`, mostRows: healthOfConnections },
  { ask: "/connections/?page=2", mostRows: 900 },
];

export const hotQuestions: readonly HotQuestion[] = [
  ...[status, failedAttempts, syncAttempts, syncRuns, appointments, auditEvents, connections].flat(),
];

/** The lists that go on after a cursor, each with 25 rows. */
export const pagedLists = [
  "failedAttempts",
  "syncAttempts",
  "syncRuns",
  "appointments",
  "auditEvents",
  "calendarConnections",
];

function ofRuns(filter: string): HotQuestion {
  return { ask: `{ syncRuns(${filter}) ${ids} }` };
}

function ofAppointments(filter: string): HotQuestion {
  return { ask: `{ appointments${filter} ${ids} }` };
}

function ofEvents(filter: string): HotQuestion {
  return { ask: `{ auditEvents${filter} ${ids} }` };
}
