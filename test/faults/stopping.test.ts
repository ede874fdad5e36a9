import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { isLong } from "../support/long.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { attemptsOf, queueResync, statusOf, violations } from "./lost-workers.js";
import { plantedFaults } from "./planted-faults.js";

jest.setTimeout(120_000);

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
});

afterAll(async () => {
  await app.stop();
});

interface Stop {
  runId: string;
  /** What became of the requests that were being answered: a status, or that they were broken off. */
  answers: (number | "broken off")[];
  /** What the probe said from the signal on, as long as anybody answered. */
  readiness: number[];
  code: number | NodeJS.Signals;
}

/** A server is told to stop while it answers many requests and works on a run that hangs. */
async function stopUnderLoad(account: string, planted?: PlantedFault): Promise<Stop> {
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3);
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { hang: true } });
  const server = await ServerProcess.start(app, { roles: "api,worker", planted });
  const runId = await queueResync(app, connection);
  await until(async () => (await statusOf(app, runId)) === "RUNNING");
  const url = String(server.url);
  const token = await app.token("manager");
  const asked = Array.from({ length: 40 }, (_, index) =>
    ask(url, token, index % 2 === 0 ? waitingFor(connection) : list),
  );
  await until(async () => (await waitingRequests(connection)) >= 20);
  server.kill("SIGTERM");
  const readiness = await probes(url);
  return { runId, answers: await Promise.all(asked), readiness, code: await server.ended };
}

/** Waits for the run that hangs. */
const waitingFor = (connection: string) => ({
  query: `mutation ($id: ID!) { resyncConnection(connectionId: $id) { result { status } } }`,
  variables: { id: connection },
});
const list = { query: "{ calendarConnections(first: 50) { nodes { id health } } }", variables: {} };

async function ask(url: string, token: string, body: object): Promise<number | "broken off"> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    await response.text();
    return response.status;
  } catch {
    return "broken off";
  }
}

/** How many requests have joined the run, and wait for it in the server. */
async function waitingRequests(connection: string): Promise<number> {
  const joined = await app.sql(
    `select from audit_event where event_type = 'calendar_connection_resync_requested' and resource_id = $1
     and metadata ->> 'joined' = 'true'`,
    [connection],
  );
  return joined.length;
}

async function probes(url: string): Promise<number[]> {
  const seen: number[] = [];
  for (;;) {
    const status = await fetch(`${url}/readyz`)
      .then((response) => response.status)
      .catch(() => null);
    if (status === null) return seen;
    seen.push(status);
  }
}

describe("a server that is told to stop under load", () => {
  test("says so at once, answers what it has begun, gives its run back and ends well", async () => {
    const { runId, answers, readiness, code } = await stopUnderLoad("stopping@example.com");
    expect(answers).toEqual(answers.map(() => 200));
    expect(readiness.slice(1)).toEqual(readiness.slice(1).map(() => 503)); // the first may have met the signal
    expect(code).toBe(0);
    expect(await attemptsOf(app, runId)).toEqual(["FAIL WORKER_STOPPED 0 f"]);
    expect(await statusOf(app, runId)).toBe("RETRYING");
    expect(await violations(app)).toEqual([]);
  });

  if (isLong)
    test("is noticed when it breaks off what it answers", async () => {
      const { answers } = await stopUnderLoad("cut@example.com", plantedFaults.nothingIsDrained);
      expect(answers).toContain("broken off");
    });
});
