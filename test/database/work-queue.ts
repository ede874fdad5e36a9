/** A worker that takes a job of the sync queue, says so and never finishes it. */
import { PgBoss } from "pg-boss";
import { queueSchema, syncQueue } from "../../src/database/queue-schema.js";

const boss = new PgBoss({
  connectionString: process.argv[2] ?? "",
  schema: queueSchema,
  migrate: false,
  supervise: false,
  schedule: false,
});
boss.on("error", (error) => {
  console.error(error);
});
await boss.start();
await boss.work(syncQueue, { pollingIntervalSeconds: 0.5 }, async () => {
  console.log("working");
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
});
