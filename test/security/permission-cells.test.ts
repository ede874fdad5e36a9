import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { isObjectType } from "graphql";
import { signToken } from "../../src/access/token.js";
import { isManager, isSignedIn } from "../../src/graphql/permissions.js";
import { prefix, routes } from "../../src/rest/routes.js";
import { TestApp } from "../support/app.js";
import { Given } from "../support/given.js";
import { post } from "../support/graphql-server.js";
import { schema } from "./ask-for-ids.js";
import { foreign, foreignText, givenTwoFirms } from "./foreign-world.js";
import { cellQuestions, own, type CellQuestion } from "./permission-questions.js";
import { askers, expectedStatus, fieldTable, routeTable, verbs, type Asker, type Outcome } from "./permission-table.js";

let app: TestApp;
let given: Given;
let tokens: Record<Asker, string | null>;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api", PUBLIC_URL: "https://calendar.example.test" } });
  given = new Given(app.installation.database.superuserUrl);
  await givenTwoFirms(given);
  await givenAskedThings();
  const manager = { userId: "1", firmId: "2", role: "manager", name: null } as const;
  tokens = {
    nobody: null,
    expired: await signToken(app.config.jwt, { ...manager, hours: -1 }),
    client: await app.token("client", "2"),
    staff: await app.token("staff", "2"),
    manager: await app.token("manager", "2"),
    "foreign manager": await app.token("manager", "1"),
  };
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(async () => {
  await given.close();
  await app.stop();
});

/** So that each question finds something to answer with, and no deed stands in another one's way. */
async function givenAskedThings(): Promise<void> {
  const ofFirm = { firm_id: "2" };
  const skipped = JSON.stringify([{ externalEventId: "event7", reason: "start" }]);
  await given.sql("update sync_run set skipped_events = $1, skipped_count = 1 where id = $2", [skipped, foreign.run]);
  for (const id of [own.calm, own.ending, own.held]) await given.connection({ ...ofFirm, id });
  await given.connection({ ...ofFirm, id: own.revoked, status: "REVOKED", status_reason: "CREDENTIALS_REFUSED" });
  for (const id of [own.synced, own.cancelled, own.changed]) {
    await given.appointment({ ...ofFirm, id, connection_id: foreign.connection, external_event_id: `event${id}` });
  }
  await given.run(own.held, { ...ofFirm, status: "HELD", correlation_id: own.heldRun });
  for (const id of [own.failed, own.failedToo]) {
    const connection = await given.connection({ ...ofFirm, id: String(Number(id) + 10) });
    await given.openFailure(connection, { ...ofFirm, id }, ofFirm);
  }
}

/** Each field of the table with its outcomes, as Type.field. */
const outcomes = new Map<string, Record<Asker, Outcome>>(
  Object.values(fieldTable).flatMap((row) =>
    Object.entries(row.fields).flatMap(([type, fields]) =>
      fields.split(" ").map((field) => [`${type}.${field}`, row.askers] as const),
    ),
  ),
);

describe("the table", () => {
  const fieldsOfSchema = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .filter(({ name }) => !name.startsWith("__"))
    .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));

  test("has every field of every type, and no other", () => {
    expect([...outcomes.keys()].sort()).toEqual(fieldsOfSchema.sort());
  });

  test("is asked field by field", () => {
    expect(new Set(cellQuestions.flatMap(({ cells }) => cells))).toEqual(new Set(fieldsOfSchema));
  });

  test("has every REST route, and no other", () => {
    expect(
      Object.entries(routeTable)
        .map(([path, { verb }]) => `${verb} ${path}`)
        .sort(),
    ).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  });
});

/** The outcome, or the whole answer where it is none: each demands that what everybody may ask is answered beside it. */
async function outcomeOf({ document, type }: CellQuestion, asker: Asker): Promise<string> {
  const { status, text, data, errors } = await post(app.url, { query: document }, tokens[asker]);
  const code = errors.length === 1 ? errors[0]?.extensions["code"] : null;
  if (status === 401 && data === undefined && code === "UNAUTHENTICATED") return "unknown" satisfies Outcome;
  const answered: Record<string, unknown> = data ?? {};
  if (status !== 200 || (answered["mine"] ?? null) === null) return text;
  if (answered["viewer"] === null && errors[0]?.path?.join() === "viewer") {
    if (code === "FORBIDDEN") return "denied" satisfies Outcome;
    return code === "NOT_FOUND" ? ("nothing" satisfies Outcome) : text;
  }
  const isForeign = asker === "foreign manager" && type !== "Viewer";
  if (errors.length > 0 || isForeign) return errors.length > 0 || foreignText.test(text) ? text : "nothing";
  return text.includes(`"at":"${type}"`) ? ("told" satisfies Outcome) : text;
}

/** The cells in which the answer is not the table's. */
async function wrongCells(question: CellQuestion, asker: Asker): Promise<string[]> {
  const outcome = await outcomeOf(question, asker);
  const wrong = question.cells.filter((cell) => outcomes.get(cell)?.[asker] !== outcome);
  return wrong.map((cell) => `${cell}: ${outcome}`);
}

test.each(askers)("over GraphQL %s is answered as the table says, and what is allowed beside it too", async (asker) => {
  for (const question of cellQuestions) expect(await wrongCells(question, asker)).toEqual([]);
});

const filler = [
  ["connections/", foreign.connection],
  ["appointments/", own.synced],
  ["sync-attempts/", own.failedToo],
  ["sync-runs/", foreign.correlationId],
] as const;

/** What stands for the placeholder of each path that has one. */
function urlOf(path: string): string {
  const [, id = ""] = filler.find(([beginning]) => path.startsWith(beginning)) ?? [];
  return `${app.url}${prefix}${path.replace(/\{\w+\}/, id)}`;
}

async function answerOf(path: string, verb: string, asker: Asker): Promise<{ status: number; text: string }> {
  const token = tokens[asker];
  const headers = { prefer: "respond-async", ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(urlOf(path), { method: verb, headers });
  return { status: response.status, text: await response.text() };
}

test.each(askers)("over REST %s is answered as the table says", async (asker) => {
  for (const path of Object.keys(routeTable)) {
    for (const verb of verbs) {
      const { status, text } = await answerOf(path, verb, asker);
      expect({ path, verb, status }).toEqual({ path, verb, status: expectedStatus(path, verb, asker) });
      if (asker !== "manager") expect(text).not.toMatch(foreignText);
      if (verb === "HEAD") expect(text).toBe("");
    }
  }
});

describe("a permission that has changed turns cells red:", () => {
  const allWrong = async (asker: Asker) =>
    (await Promise.all(cellQuestions.map((question) => wrongCells(question, asker)))).flat();

  test("staff may do what managers may", async () => {
    jest.spyOn(isManager, "resolve").mockResolvedValue(true);
    expect(new Set((await allWrong("staff")).map((cell) => cell.split(":")[0])).size).toBe(outcomes.size - 7);
  });

  test("nobody may ask who they are", async () => {
    jest.spyOn(isSignedIn, "resolve").mockResolvedValue(false);
    expect(await allWrong("client")).toContainEqual(expect.stringMatching(/^Query\.viewer: .*FORBIDDEN/));
  });
});
