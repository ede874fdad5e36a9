import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Failpoint } from "../../src/failpoints.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { attemptsOf, noticeLostWorker, statusOf, violations } from "../faults/lost-workers.js";
import { quickRetries, TestApp, until } from "../support/app.js";
import { addEvent } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { Changes, provided, visit, type Changed } from "./changes.js";
import { plantedFaults } from "./planted-faults.js";

jest.setTimeout(120_000);

/** The API and the scheduler; workers come and go. */
let app: TestApp;
let changes: Changes;

const environment = { ...quickRetries, MAX_RETRIES: "1" };
const notYet = { waitSeconds: 0 };

beforeAll(async () => {
  app = await TestApp.start({ environment: { ...environment, ROLES: "api,scheduler" } });
  changes = new Changes(app);
});

afterEach(() => {
  app.simulator.control.clearFaults();
});

afterAll(async () => {
  await app.stop();
});

/** A worker that dies at the failpoint; resolves when it is dead. */
async function loseWorkerAt(name: Failpoint): Promise<void> {
  const worker = await ServerProcess.start(app, { roles: "worker", environment, armed: [{ name, action: "kill" }] });
  expect(await worker.ended).toBe("SIGKILL");
}

/** Sound workers do what there is to do. */
async function finish(connection: string): Promise<void> {
  const worker = await TestApp.start({
    installation: app.installation,
    environment: { ...environment, ROLES: "worker" },
  });
  await app.quiet(connection);
  await worker.stop();
}

async function given(name: string, provider: ProviderName = "GOOGLE") {
  const account = `${name}@example.com`;
  return { account, connection: await app.connect(account, "1", provider) };
}

async function expectEndedOnce({ run }: Changed): Promise<void> {
  expect(await statusOf(app, run.id)).toBe("SUCCEEDED");
  expect(await attemptsOf(app, run.id)).toEqual(["FAIL WORKER_LOST 0 f", "SUCCESS 1 f"]);
}

describe("a worker that dies", () => {
  test.each<[Failpoint, ProviderName]>([
    ["push.before-asking", "GOOGLE"],
    ["push.answered", "GOOGLE"],
    ["push.answered", "MICROSOFT"],
    ["push.in-transaction", "GOOGLE"],
  ])("at %s of a new event of %s leaves one event", async (name, provider) => {
    const { account, connection } = await given(`${name}.${provider}`, provider);
    const made = await changes.create(connection, notYet);
    await loseWorkerAt(name);
    expect(provided(app, account)).toHaveLength(name === "push.before-asking" ? 0 : 1);
    await noticeLostWorker(app, made.run.id);
    await finish(connection);
    await expectEndedOnce(made);
    expect(provided(app, account)).toEqual([`Visit ${visit.startsAt} confirmed`]);
    const [row] = await app.sql(
      "select external_event_id is not null as has_event, unpushed_fields from appointment where id = $1",
      [made.appointment.id],
    );
    expect(row).toEqual({ has_event: true, unpushed_fields: [] });
  });

  test("with a new event whose appointment is called off then leaves none", async () => {
    const { account, connection } = await given("calledoff");
    const made = await changes.create(connection, notYet);
    await loseWorkerAt("push.answered");
    const calledOff = await changes.cancel(made.appointment.id, notYet);
    await noticeLostWorker(app, made.run.id);
    await finish(connection);
    await expectEndedOnce(made);
    expect(await statusOf(app, calledOff.run.id)).toBe("SUCCEEDED");
    expect(provided(app, account)).toEqual([]);
  });

  test("with a change and a removal in its hand does them once", async () => {
    const { account, connection } = await given("changed", "MICROSOFT");
    const made = await changes.create(connection, notYet);
    await finish(connection);
    const changed = await changes.update(made.appointment.id, { title: "Changed", ...notYet });
    await loseWorkerAt("push.answered");
    await noticeLostWorker(app, changed.run.id);
    await finish(connection);
    await expectEndedOnce(changed);
    expect(provided(app, account)).toEqual([`Changed ${visit.startsAt} confirmed`]);
    const calledOff = await changes.cancel(made.appointment.id, notYet);
    await loseWorkerAt("push.in-transaction");
    await noticeLostWorker(app, calledOff.run.id);
    await finish(connection);
    await expectEndedOnce(calledOff);
    expect(provided(app, account)).toEqual([]);
  });
});

test("every invariant holds afterwards", async () => {
  expect(await violations(app)).toEqual([]);
});

/** Last: what they leave behind stays visible. */
if (isLong)
  describe("it is noticed when", () => {
    const post = (account: string) => ({ account, method: "POST", pathRegex: "/events" });

    /** What a worker with the fault does while the test waits for something. */
    async function withFault(planted: PlantedFault, work: () => Promise<unknown>): Promise<void> {
      const worker = await ServerProcess.start(app, { roles: "worker", environment, planted });
      await work();
      await worker.stop();
    }

    test("a pull does not keep what is not pushed yet", async () => {
      const { account, connection } = await given("overwritten");
      const event = addEvent(app.simulator, account, "Theirs");
      await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
      await withFault(plantedFaults.unpushedFieldsAreIgnored, async () => {
        await app.pull(connection);
        const [row] = await app.sql<{ id: string }>("select id from appointment where connection_id = $1", [
          connection,
        ]);
        app.simulator.control.addFault({
          match: { account, method: "PATCH" },
          times: null,
          then: { status: 503, body: "" },
        });
        await changes.update(String(row?.id), { title: "Ours" });
        app.simulator.control.updateEvent(account, event, { title: "Theirs again" });
        await app.pull(connection);
      });
      const title = "select title from appointment where connection_id = $1";
      expect(await app.sql(title, [connection])).not.toEqual([{ title: "Ours" }]);
    });

    test("an event is asked for without its key", async () => {
      const { account, connection } = await given("keyless");
      app.simulator.control.addFault({ match: post(account), when: "after", then: { destroy: true } });
      await withFault(plantedFaults.eventIsMadeWithoutKey, () => changes.create(connection));
      expect(provided(app, account)).not.toHaveLength(1);
    });

    test("a push whose retries are used up is given up", async () => {
      const { account, connection } = await given("givenup");
      app.simulator.control.addFault({ match: post(account), times: 2, then: { status: 503, body: "" } });
      await withFault(plantedFaults.nothingIsRecovered, async () => {
        const made = await changes.create(connection);
        await until(async () => (await statusOf(app, made.run.id)) === "FAILED");
        await app.pull(connection);
        expect(await statusOf(app, made.run.id)).toBe("FAILED");
      });
      expect(provided(app, account)).toEqual([]);
    });

    test("a full round cancels what was pushed after it was listed", async () => {
      const { account, connection } = await given("swept");
      addEvent(app.simulator, account, "Other");
      app.simulator.control.addFault({
        match: { account, method: "GET", pathRegex: "/events" },
        when: "after",
        then: { delayMs: 1500 },
      });
      await withFault(plantedFaults.pushedIsSwept, async () => {
        await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connection]);
        await until(() => Promise.resolve(app.simulator.control.requests({ account, method: "GET" }).length > 0));
        const made = await changes.create(connection);
        await app.quiet(connection);
        const status = "select status from appointment where id = $1";
        expect(await app.sql(status, [made.appointment.id])).toEqual([{ status: "CANCELLED" }]);
      });
    });
  });
