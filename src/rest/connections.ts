import { z } from "zod";
import { ok, type Answer } from "./answer.js";
import { connectionStatusSchema, idNumber, idSchema, instantSchema, providerSchema, word } from "./json-values.js";
import { envelopeSchema } from "./numbered-page.js";
import type { Asked } from "./route.js";

interface Connection {
  id: string;
  provider: string;
  status: string;
  accountEmail: string;
  calendarName: string | null;
  lastSyncAt: string | null;
  lastSyncCursor: string | null;
  createdAt: string;
  updatedAt: string;
}

const connectionFields = "id provider status accountEmail calendarName lastSyncAt lastSyncCursor createdAt updatedAt";

export const connectionsDocument = `query CalendarConnections($first: Int!, $offset: Int!) {
  calendarConnections(first: $first, offset: $offset) { totalCount nodes { ${connectionFields} } }
}`;

export const connectionDocument = `query CalendarConnection($id: ID!) { calendarConnection(id: $id) { ${connectionFields} } }`;

/** Fails when there is no such connection. */
export const connectionExistence = "query CalendarConnectionExists($id: ID!) { calendarConnection(id: $id) { id } }";

const connectionExample = {
  connection_id: 123,
  provider: "google",
  status: "active",
  account_email: "office@example.com",
  calendar_name: "Front office",
  last_sync_at: "2025-12-30T10:30:00Z",
  last_sync_cursor: "cursor_abc123",
  created_at: "2025-12-01T09:00:00Z",
  updated_at: "2025-12-30T10:30:00.25Z",
} as const;

export const connectionSchema = z
  .strictObject({
    connection_id: idSchema,
    provider: providerSchema,
    status: connectionStatusSchema,
    account_email: z.string(),
    calendar_name: z.string().nullable(),
    last_sync_at: instantSchema.nullable(),
    last_sync_cursor: z.string().nullable().meta({ description: "Null before the first sync." }),
    created_at: instantSchema,
    updated_at: instantSchema,
  })
  .meta({ id: "Connection", examples: [connectionExample] });

export const connectionPageSchema = z.strictObject(envelopeSchema(connectionSchema)).meta({
  examples: [
    {
      count: 51,
      next: "https://sync.example.com/api/calendar/admin/connections/?page=2",
      previous: null,
      results: [connectionExample],
    },
  ],
});

function connectionBody(connection: Connection) {
  return {
    connection_id: idNumber(connection.id),
    provider: word(connection.provider),
    status: word(connection.status),
    account_email: connection.accountEmail,
    calendar_name: connection.calendarName,
    last_sync_at: connection.lastSyncAt,
    last_sync_cursor: connection.lastSyncCursor,
    created_at: connection.createdAt,
    updated_at: connection.updatedAt,
  };
}

export function renderConnection({ calendarConnection }: { calendarConnection: Connection }): Answer {
  return ok(connectionBody(calendarConnection));
}

export interface Connections {
  calendarConnections: { totalCount: number; nodes: Connection[] };
}

export function renderConnections({ calendarConnections: { totalCount, nodes } }: Connections, asked: Asked): Answer {
  return ok(asked.envelope(totalCount, nodes.map(connectionBody)));
}
