import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Role } from "../../src/access/actor.js";
import { permissions } from "../../src/graphql/permissions.js";
import { post, startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

let server: TestServer;
let connectionId: string;
beforeAll(async () => {
  server = await startTestServer();
  connectionId = await server.given.connection();
});
afterAll(() => server.stop());

/** Every root field that needs a manager, with arguments that fit. */
const managerFields = [
  'syncStatus(connectionId: "1") { provider }',
  "failedAttempts { totalCount }",
  "syncAttempts { totalCount }",
  'syncAttempt(id: "1") { id }',
  'syncRun(correlationId: "0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a") { id }',
  "syncRuns { totalCount }",
  'calendarConnection(id: "1") { id }',
  "calendarConnections { totalCount }",
  'appointment(id: "1") { id }',
  "appointments { totalCount }",
  "auditEvents { totalCount }",
];
/** Of things that do not exist, or are not configured, so that who may ask is told so. */
const mutations = [
  'resyncConnection(connectionId: "999999") { message }',
  'resyncAppointment(appointmentId: "999999") { message }',
  'replayAttempt(attemptId: "999999") { message }',
  'cancelSyncRun(correlationId: "0b7e6f0a-3f6b-4c1d-9b55-1f2e3d4c5b6a") { run { id } }',
  'pauseConnection(connectionId: "999999") { id }',
  'resumeConnection(connectionId: "999999") { id }',
  'connectCalendar(provider: GOOGLE, ownerId: "staff-1") { expiresAt }',
  'reconnectCalendar(connectionId: "999999") { expiresAt }',
  'disconnectCalendar(connectionId: "999999") { id }',
  'createAppointment(connectionId: "999999", title: "Visit", startsAt: "2026-03-01T09:00:00Z", endsAt: "2026-03-01T10:00:00Z") { message }',
  'updateAppointment(appointmentId: "999999", title: "Visit") { message }',
  'cancelAppointment(appointmentId: "999999") { message }',
];

const refused = "You do not have permission to perform this action.";

test.each<Role>(["client", "staff"])("a %s is refused two fields as well as one", async (role) => {
  const { data, errors } = await server.ask(
    "{ a: syncRuns { totalCount } b: appointments { totalCount } }",
    {},
    await tokenOf({ role }),
  );
  expect(data).toEqual({ a: null, b: null });
  expect(errors).toEqual(
    ["a", "b"].map((alias): unknown =>
      expect.objectContaining({ message: refused, path: [alias], extensions: { code: "FORBIDDEN" } }),
    ),
  );
});

/** What managers may, and others may not, is asked cell by cell in test/security. */
describe.each<Role>(["partner", "firm_admin"])("a %s", (role) => {
  test.each(managerFields)("may ask %s", async (field) => {
    const { status, errors } = await server.ask(`{ ${field} }`, {}, await tokenOf({ role }));
    expect(status).toBe(200);
    expect(errors.filter(({ extensions }) => extensions["code"] !== "NOT_FOUND")).toEqual([]);
  });

  test.each(mutations)("may ask for %s", async (field) => {
    const { data, errors } = await server.ask(`mutation { allowed: ${field} }`, {}, await tokenOf({ role }));
    expect(data).toEqual({ allowed: null });
    const extensions = field.startsWith("connectCalendar")
      ? { code: "BAD_USER_INPUT", reason: "PROVIDER_NOT_CONFIGURED" }
      : { code: "NOT_FOUND" };
    expect(errors).toEqual([expect.objectContaining({ path: ["allowed"], extensions })]);
  });
});

test("the mutations asked here are all there are", () => {
  expect(mutations.map((field) => field.replace(/\(.*/, "")).sort()).toEqual(Object.keys(permissions.Mutation).sort());
});

describe("a refusal", () => {
  test("is the same whether the id exists or not", async () => {
    const token = await tokenOf({ role: "staff" });
    const ask = (id: string) => server.ask("query ($id: ID!) { calendarConnection(id: $id) { id } }", { id }, token);
    expect((await ask(connectionId)).text).toBe((await ask("999999")).text);
  });

  test("leaves a line in the log that says who was refused what", async () => {
    await server.ask(
      "query Peek { auditEvents { totalCount } }",
      {},
      await tokenOf({ role: "staff", userId: "mallory" }),
    );
    const line = server.logLines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find(({ operation }) => operation === "Peek");
    expect(line).toMatchObject({ userId: "mallory", firmId: "1", codes: ["FORBIDDEN"], status: 200 });
  });
});

test.each(["__typename", "__schema { types { name } }"])(
  "nobody without a token gets an answer to %s",
  async (field) => {
    const { status, errors } = await post(server.url, { query: `{ ${field} }` }, null);
    expect(status).toBe(401);
    expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: "UNAUTHENTICATED" }]);
  },
);
