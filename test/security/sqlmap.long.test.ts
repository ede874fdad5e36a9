import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { TestApp } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { ServerProcess, type PlantedPattern } from "../support/server-process.js";
import { schema } from "./ask-for-ids.js";
import { restQuestions } from "./rest-questions.js";
import { schemaQuestions, type Question } from "./schema-questions.js";
import { sqlmap } from "./sqlmap.js";

jest.setTimeout(1_800_000);

const account = "injected@example.test";

let app: TestApp;
let server: ServerProcess;
/** What stands at a place where no plain id does, so that the request finds something as it is. */
let samples: Record<string, string>;

beforeAll(async () => {
  app = await TestApp.start({ environment: { SYNC_WAIT_SECONDS: "1" } });
  const connection = await app.connect(account);
  addEvents(app.simulator, account, 3);
  await app.pull(connection);
  app.simulator.control.addFault({ match: { account, method: "GET" }, then: { status: 400 } });
  await app.pull(connection);
  samples = await samplesOf(connection);
});
afterEach(() => server.stop());
afterAll(() => app.stop());

/** Ids are 1 everywhere: of the first row of each table. */
async function samplesOf(connection: string): Promise<Record<string, string>> {
  await app.manager(`mutation { resyncConnection(connectionId: "${connection}", reason: "so") { result { status } } }`);
  const [run] = await app.sql<{ correlation_id: string }>("select correlation_id from sync_run order by id limit 1");
  const [appointment] = await app.sql<{ external_event_id: string }>("select external_event_id from appointment");
  const correlationId = String(run?.correlation_id);
  return {
    ...{ correlationId, correlation_id: correlationId, externalEventId: String(appointment?.external_event_id) },
    ...{ eventType: "calendar_connection_resync_requested", severity: "info", resourceType: "calendar_connection" },
    ...{ actorId: "manager-1", ownerId: "staff-1", search: "injected", errorCode: "BAD_REQUEST", title: "Visit" },
    ...{ timeZone: "Europe/Vienna", reason: "so", idempotencyKey: "key-1", returnUrl: "http://127.0.0.1/", page: "1" },
    ...{
      include_exhausted: "true",
      include_closed: "true",
      page_size: "10",
      start_date: "2026-01-01",
      end_date: "2026-02-01",
    },
  };
}

/** Every place of a GraphQL variable that takes an id or text, and every part of the REST routes. */
const questions = [...schemaQuestions(schema, { own: "1", missing: "1" }), ...restQuestions("1")];

/** Null where there is no hole. */
async function tryOut({ name, method, path, body }: Question): Promise<string | null> {
  const [, place = ""] = /\((?:\w+\.|\?)*(\w+)\)$/.exec(name) ?? [];
  const starred = `${samples[place] ?? "1"}*`;
  const token = await app.token("manager");
  return sqlmap({ name, method, url: `${String(server.url)}${path(starred)}`, token, body: body(starred) });
}

function start(planted?: PlantedPattern[]): Promise<ServerProcess> {
  return ServerProcess.start(app, { roles: "api", planted });
}

/** Where text is put into a statement in place of a parameter, and at which place that is found. */
const holes: Record<string, { place: string; planted: PlantedPattern[] }> = {
  "a GraphQL variable": {
    place: "auditEvents(eventType)",
    planted: [{ pattern: "e\\.event_type = \\$\\{type\\}", replace: "e.event_type = '${sql.raw(type)}'" }],
  },
  "a part of a REST route's path": {
    place: "GET sync-runs/{correlation_id}/ (correlation_id)",
    planted: [
      { pattern: "parseCorrelationId\\(text\\)", replace: "(text as string | null)" },
      {
        pattern: "r\\.correlation_id = \\$\\{correlationId\\}",
        replace: "r.correlation_id::text = '${sql.raw(correlationId)}'",
      },
    ],
  },
};

describe("sqlmap finds", () => {
  test.each(Object.entries(holes))("that %s is put into a statement", async (_what, { place, planted }) => {
    server = await start(planted);
    const question = questions.find(({ name }) => name === place);
    if (!question) throw new Error(`there is no ${place}`);
    expect(await tryOut(question)).toContain("Type: ");
  });

  test("nothing in any GraphQL variable and in no part of any REST route", async () => {
    server = await start();
    const waiting = [...questions];
    const found: Record<string, string> = {};
    const tryWaiting = async (): Promise<void> => {
      for (let question = waiting.shift(); question; question = waiting.shift()) {
        const hole = await tryOut(question);
        if (hole !== null) found[question.name] = hole;
      }
    };
    await Promise.all([tryWaiting(), tryWaiting()]);
    expect(found).toEqual({});
  });
});
