import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { failpoints, type Failpoint } from "../../src/failpoints.js";
import { failingCommand, type FailingCommandOptions } from "../credentials/failing-command.js";
import { TestApp } from "../support/app.js";
import { environment, makeLongHistory, retention, seenByManagers, violationsOf } from "./long-history.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

let app: TestApp;
let before: unknown;

beforeAll(async () => {
  app = await TestApp.start({ environment });
  await makeLongHistory(app);
  // An old event among those of today: it leaves by itself.
  await app.sql(`
    insert into audit_event (firm_id, id, event_type, event_category, severity, resource_type, resource_id, created_at)
    values (1, 240, 'audit_events_read', 'audit', 'info', 'firm', 1, now() - interval '200 days')`);
  before = await seenByManagers(app);
});

afterAll(() => app.stop());

function maintainCommand(options: FailingCommandOptions = {}, ...args: string[]) {
  const settings = {
    DATABASE_OWNER_URL: app.installation.database.ownerUrl,
    RETENTION_DAYS: String(retention.days),
    AUDIT_RETENTION_DAYS: String(retention.auditDays),
    PARTITION_IDS: String(retention.partitionIds),
  };
  return failingCommand(app, ["maintain", ...args], {
    ...options,
    environment: { ...settings, ...options.environment },
  });
}

/** In the order in which they are reached. */
const names = Object.keys(failpoints).filter((name) => name.startsWith("maintain.")) as Failpoint[];

// In this order: each time a little more is committed.
describe("npm run maintain", () => {
  test("says what it would do", async () => {
    const { ended, output } = await maintainCommand({}, "--dry-run");
    expect(ended).toBe(0);
    expect(output).toContain("would: sync_attempt_0 dropped: 6 rows gone, 2 kept\n");
    expect(output).toMatch(/maintain: this was a dry run, nothing is changed\n$/);
  });

  test("needs the owner's login", async () => {
    const outcome = await maintainCommand({ environment: { DATABASE_OWNER_URL: "" } });
    expect(outcome).toEqual({ ended: 2, output: expect.stringContaining("DATABASE_OWNER_URL") });
  });

  test.each(names)("killed at %s has lost nothing, and managers see what they saw", async (name) => {
    const { ended } = await maintainCommand({ armed: { name, action: "kill", nth: 1 } });
    expect(ended).toBe("SIGKILL");
    expect(await violationsOf(app)).toEqual([]);
    expect(await seenByManagers(app)).toEqual(before);
  });

  test("goes on where it was, and has then nothing left to do", async () => {
    expect(await maintainCommand()).toEqual({
      ended: 0,
      output: expect.stringMatching(/maintain: (done|nothing to do)\n$/),
    });
    expect(await maintainCommand()).toEqual({ ended: 0, output: "maintain: nothing to do\n" });
    const old =
      "select from sync_attempt where finished_at < now() - interval '90 days' and state <> 'OPEN' and run_id not in (select run_id from sync_attempt where state = 'OPEN')";
    expect(await app.sql(old)).toEqual([]);
    expect(await app.sql("select from audit_event where id = 240")).toEqual([]);
    expect(await violationsOf(app)).toEqual([]);
    expect(await seenByManagers(app)).toEqual(before);
  });
});
