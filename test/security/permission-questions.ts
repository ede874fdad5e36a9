import { getNamedType, isObjectType, parse, visit, type GraphQLObjectType } from "graphql";
import { schema } from "./ask-for-ids.js";
import { foreign } from "./foreign-world.js";

/** Of what `givenAskedThings` puts beside the foreign world. */
export const own = {
  ...{ calm: "700021", ending: "700022", revoked: "700023", held: "700024" },
  ...{ synced: "700032", cancelled: "700033", changed: "700034" },
  ...{ failed: "700044", failedToo: "700045" },
  heldRun: "77777777-7777-4777-8777-777777777778",
};

const { connection, appointment, attempt, correlationId } = foreign;
const times = 'startsAt: "2026-03-01T09:00:00Z", endsAt: "2026-03-01T10:00:00Z"';
const resync = `resyncConnection(connectionId: "${connection}", waitSeconds: 0)`;
const status = `syncStatus(connectionId: "${connection}")`;
const run = `syncRun(correlationId: "${correlationId}")`;

/** For each field of the roots, and each type, a question that leads to it. `*` is every field of the type that stands there. */
const questions: Record<string, string> = {
  "Query.viewer": "viewer { * }",
  "Query.appointment": `appointment(id: "${appointment}") { * }`,
  "Query.appointments": "appointments { * }",
  "Query.auditEvents": "auditEvents { * }",
  "Query.calendarConnection": `calendarConnection(id: "${connection}") { * }`,
  "Query.calendarConnections": "calendarConnections { * }",
  "Query.failedAttempts": "failedAttempts { * }",
  "Query.syncAttempt": `syncAttempt(id: "${attempt}") { * }`,
  "Query.syncAttempts": "syncAttempts { * }",
  "Query.syncRun": `${run} { * }`,
  "Query.syncRuns": "syncRuns { * }",
  "Query.syncStatus": `${status} { * }`,
  "Mutation.cancelAppointment": `cancelAppointment(appointmentId: "${own.cancelled}", waitSeconds: 0) { * }`,
  "Mutation.cancelSyncRun": `cancelSyncRun(correlationId: "${own.heldRun}") { * }`,
  "Mutation.connectCalendar": `connectCalendar(provider: GOOGLE, ownerId: "staff-1") { * }`,
  "Mutation.createAppointment": `createAppointment(connectionId: "${connection}", title: "Visit", ${times}, waitSeconds: 0) { * }`,
  "Mutation.disconnectCalendar": `disconnectCalendar(connectionId: "${own.ending}") { * }`,
  "Mutation.pauseConnection": `pauseConnection(connectionId: "${own.calm}") { * }`,
  "Mutation.reconnectCalendar": `reconnectCalendar(connectionId: "${own.revoked}") { * }`,
  "Mutation.replayAttempt": `replayAttempt(attemptId: "${own.failed}", waitSeconds: 0) { * }`,
  "Mutation.resumeConnection": `resumeConnection(connectionId: "${own.calm}") { * }`,
  "Mutation.resyncAppointment": `resyncAppointment(appointmentId: "${own.synced}", waitSeconds: 0) { * }`,
  "Mutation.resyncConnection": `${resync} { * }`,
  "Mutation.updateAppointment": `updateAppointment(appointmentId: "${own.changed}", title: "Visit", waitSeconds: 0) { * }`,
  AppointmentEdge: "appointments { edges { * } }",
  AuditEvent: "auditEvents { nodes { * } }",
  AuditEventEdge: "auditEvents { edges { * } }",
  CalendarConnectionEdge: "calendarConnections { edges { * } }",
  PageInfo: "syncRuns { pageInfo { * } }",
  SkippedEvent: `${run} { skippedEvents { * } }`,
  SyncAttemptEdge: "syncAttempts { edges { * } }",
  SyncErrorBreakdown: `${status} { statistics { errorBreakdown { * } } }`,
  SyncResult: `mutation ${resync} { result { * } }`,
  SyncRunEdge: "syncRuns { edges { * } }",
  SyncStatistics: `${status} { statistics { * } }`,
};

export interface CellQuestion {
  name: string;
  /** What it asks, as Type.field. */
  cells: string[];
  /** The type whose fields are asked; its name is answered as `at`. */
  type: string;
  /** Asks under an allowed field's name as its alias, beside what everybody may ask, which is `mine`. */
  document: string;
}

export const cellQuestions: CellQuestion[] = Object.entries(questions).map(([name, text]) => {
  const isMutation = name.startsWith("Mutation.") || text.startsWith("mutation ");
  const root = isMutation ? "Mutation" : "Query";
  const question = text.replace(/^mutation /, "");
  const type = typeAt(question, root);
  const fields = Object.values(type.getFields());
  const everyField = fields.map((field) =>
    isObjectType(getNamedType(field.type)) ? `${field.name} { __typename }` : field.name,
  );
  const asked = question.replace("*", ["at: __typename", ...everyField].join(" "));
  const allowed = isMutation ? "mine: __typename" : "mine: viewer { id }";
  return {
    name,
    cells: [`${root}.${/^\w+/.exec(question)?.[0] ?? ""}`, ...fields.map((field) => `${type.name}.${field.name}`)],
    type: type.name,
    document: `${root.toLowerCase()} { ${allowed} viewer: ${asked} }`,
  };
});

/** The type at whose place the `*` stands. */
function typeAt(question: string, root: "Query" | "Mutation"): GraphQLObjectType {
  let type = schema.getType(root) as GraphQLObjectType;
  visit(parse(`{ ${question.replace("*", "__typename")} }`), {
    Field: ({ name }) => {
      const field = type.getFields()[name.value];
      if (field) type = getNamedType(field.type) as GraphQLObjectType;
    },
  });
  return type;
}
