import type { TestApp } from "./app.js";

interface Window {
  window_start: Date;
  window_end: Date;
  account_email: string;
}

/** What is stored of a connection and what its provider shows within the connection's window, as comparable lines. */
export async function storedAndProvided(
  app: TestApp,
  connectionId: string,
): Promise<{ stored: string[]; provided: string[] }> {
  const [window] = await app.sql<Window>(
    "select window_start, window_end, account_email from calendar_connection where id = $1",
    [connectionId],
  );
  if (!window) throw new Error(`there is no connection ${connectionId}`);
  return { stored: await storedLines(app, connectionId, window), provided: providedLines(app, window) };
}

async function storedLines(app: TestApp, connectionId: string, window: Window): Promise<string[]> {
  const rows = await app.sql<{ line: string }>(
    `select concat_ws('|', external_event_id, title, to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
       to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), is_all_day, lower(status)) as line
     from appointment where connection_id = $1 and status <> 'CANCELLED' and starts_at < $3
       and (ends_at > $2 or (ends_at = starts_at and starts_at >= $2))`,
    [connectionId, window.window_start, window.window_end],
  );
  return rows.map(({ line }) => line).sort();
}

function providedLines(app: TestApp, window: Window): string[] {
  const occurrences = app.simulator.control.occurrences(window.account_email, window.window_start, window.window_end);
  return occurrences
    .map(({ id, title, startsAt, endsAt, isAllDay, status }) =>
      [id, title, startsAt, endsAt, isAllDay ? "t" : "f", status].join("|"),
    )
    .sort();
}
