import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSystemDatabase, type Database } from "../../src/database/orm.js";
import { takeDue } from "../../src/sync/take-due.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { Given } from "../support/given.js";

let database: TestDatabase;
let system: Database;
let given: Given;

beforeAll(async () => {
  database = await createTestDatabase();
  system = await openSystemDatabase(database.systemUrl, 1);
  given = new Given(database.superuserUrl);
  for (let number = 0; number < 12; number += 1)
    await given.connection({ provider: number % 2 ? "GOOGLE" : "MICROSOFT" });
});
afterAll(async () => {
  await given.close();
  await system.close();
  await database.drop();
});

/** Whether every connection, taken now, is next due at its own moment of an interval of so many seconds, and within it. */
async function arePlannedEvery(seconds: number): Promise<boolean> {
  const [row] = await given.sql<{ planned: boolean }>(
    `select bool_and(next_pull_at <= now() + make_interval(secs => $1::integer)
       and (extract(epoch from next_pull_at) * 1000)::bigint % ($1::bigint * 1000)
         = (hashint8extended(id, 0) & 9223372036854775807) % ($1::bigint * 1000)) as planned
     from calendar_connection`,
    [seconds],
  );
  return row?.planned ?? false;
}

test.each([
  ["no channel", 300, null, 300],
  ["a channel", 300, "6 days", 1800],
  ["a channel that ends before that", 300, "20 minutes", 300],
  ["a channel that has ended", 300, "-1 minute", 300],
  ["a channel, and a long interval,", 1200, "6 days", 3600],
  ["a channel, and an interval above an hour,", 7200, "6 days", 7200],
])(
  "a connection with %s that is pulled every %s seconds (life: %s) is planned every %s",
  async (_what, usual, life, planned) => {
    await given.sql("delete from watch_channel");
    if (life !== null) {
      await given.sql(
        `insert into watch_channel (firm_id, id, connection_id, channel_id, address, key_version, renewed_at, expires_at)
       select firm_id, gen_random_uuid(), id, 'c', 'https://example.com', 1, now() - interval '1 hour', now() + $1::interval
       from calendar_connection`,
        [life],
      );
    }
    await given.sql("update calendar_connection set next_pull_at = now()");
    await system.em.fork().transactional((em) => takeDue(em, { seconds: usual, googleSeconds: usual }));
    expect(await arePlannedEvery(planned)).toBe(true);
  },
);
