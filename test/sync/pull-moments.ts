import type { TestApp } from "../support/app.js";

/** Whether the scheduler has planned the connection's next pull at its own moment of the hour, as it does for one that is slowed. */
export async function pullsAnHour(app: TestApp, connection: string): Promise<boolean> {
  const [row] = await app.sql<{ rest: number }>(
    `select ((extract(epoch from next_pull_at) * 1000)::bigint - (hashint8extended(id, 0) & 9223372036854775807) % 3600000) % 3600000 as rest
     from calendar_connection where id = $1`,
    [connection],
  );
  return [-1, 0, 1, 3_599_999].includes(Number(row?.rest));
}
