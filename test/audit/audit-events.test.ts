import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import DataLoader from "dataloader";
import { Conditions } from "../../src/graphql/conditions.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { filterNames, filterOf, isMatching, storedEvents, type FilterName, type StoredEvent } from "./stored-events.js";

let server: TestServer;
let events: StoredEvent[];

beforeAll(async () => {
  server = await startTestServer();
  events = await storedEvents(server.given);
});
afterAll(() => server.stop());
afterEach(() => {
  jest.restoreAllMocks();
});

interface Listed {
  totalCount: number;
  nodes: { id: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** Lists with these arguments, all in one request; the events of reading are left out. */
async function listed(argumentsOfEach: readonly string[]): Promise<string[][]> {
  const fields = argumentsOfEach.map((given, index) => `l${index}: auditEvents(first: 200${given}) { nodes { id } }`);
  const { data, errors } = await server.ask<Record<string, Listed>>(`{ ${fields.join(" ")} }`);
  expect(errors).toEqual([]);
  const ours = new Set(events.map(({ id }) => id));
  return Object.values(data ?? {}).map(({ nodes }) => nodes.map(({ id }) => id).filter((id) => ours.has(id)));
}

function everySetOf(names: readonly FilterName[]): FilterName[][] {
  return names.reduce<FilterName[][]>((sets, name) => [...sets, ...sets.map((set) => [...set, name])], [[]]);
}

/** One that every filter can be about. */
function target(): StoredEvent {
  const event = events[43];
  if (!event?.actorId) throw new Error("an event with an actor is needed");
  return event;
}

const mostRootFields = 10;

/** How many sets of filters are answered otherwise than by looking at each event. */
async function wrongAnswers(like: StoredEvent): Promise<FilterName[][]> {
  const sets = everySetOf(filterNames);
  const wrong: FilterName[][] = [];
  for (let from = 0; from < sets.length; from += mostRootFields) {
    const asked = sets.slice(from, from + mostRootFields);
    const answers = await listed(asked.map((set) => set.map((name) => `, ${filterOf(name, like)}`).join("")));
    for (const [index, set] of asked.entries()) {
      const expected = events.filter((event) => isMatching(event, set, like)).map(({ id }) => id);
      if (answers[index]?.join() !== expected.reverse().join()) wrong.push(set);
    }
  }
  return wrong;
}

const reads = () =>
  server.given.sql<{ actor_id: string; metadata: { filters: unknown } }>(
    "select actor_id, metadata from audit_event where event_type = 'audit_events_read' order by id",
  );

describe("audit events are filtered", () => {
  test("by each filter alone and by every set of them, newest first", async () => {
    expect(await wrongAnswers(target())).toEqual([]);
  });

  test("and a filter that is forgotten is noticed", async () => {
    jest.spyOn(Conditions.prototype, "given").mockReturnThis();
    expect(await wrongAnswers(target())).not.toEqual([]);
  });

  test("from an instant on, and before another: the first is inside, the second is not", async () => {
    const middle = events.filter(({ createdAt }) => createdAt === "2026-03-01T09:00:00.002Z").map(({ id }) => id);
    expect(middle.length).toBeGreaterThan(0);
    const between = (after: string, before: string) => `, createdAfter: "${after}", createdBefore: "${before}"`;
    const [inside, shifted, empty, reversed] = await listed([
      between("2026-03-01T09:00:00.002Z", "2026-03-01T09:00:00.003Z"),
      between("2026-03-01T10:00:00.002+01:00", "2026-03-01T10:00:00.003+01:00"),
      between("2026-03-01T09:00:00.002Z", "2026-03-01T09:00:00.002Z"),
      between("2026-03-01T09:00:00.003Z", "2026-03-01T09:00:00.002Z"),
    ]);
    expect(inside).toEqual(middle.reverse());
    expect(shifted).toEqual(inside);
    expect(empty).toEqual([]);
    expect(reversed).toEqual([]);
  });

  test.each([
    'resourceId: "0"',
    'resourceId: "one"',
    'correlationId: "none"',
    'eventType: "appointment"',
    'severity: "INFO"',
    'actorId: ""',
  ])("by %s there are none", async (filter) => {
    expect(await listed([`, ${filter}`])).toEqual([[]]);
  });
});

async function pageAfter(after: string | null): Promise<Listed> {
  const { data } = await server.ask<{ auditEvents: Listed }>(
    `{ auditEvents(first: 7${after === null ? "" : `, after: "${after}"`}) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }`,
  );
  if (!data) throw new Error("the page is not answered");
  return data.auditEvents;
}

test("pages show every event once, also while their reading adds others", async () => {
  const ids: string[] = [];
  for (let after: string | null = null, more = true; more;) {
    const { nodes, pageInfo } = await pageAfter(after);
    ids.push(...nodes.map(({ id }) => id));
    [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  expect(new Set(ids).size).toBe(ids.length);
  const ours = new Set(events.map(({ id }) => id));
  expect(ids.filter((id) => ours.has(id))).toEqual(events.map(({ id }) => id).reverse());
});

describe("reading audit events leaves one event a request", () => {
  const threeLists = `query ($first: Int!) {
    one: auditEvents(severity: "error", first: $first) { nodes { id } }
    other: auditEvents(resourceId: "12", resourceType: "appointment") { totalCount }
    ...more
  }
  fragment more on Query { auditEvents { nodes { id } totalCount } }`;

  async function readsOf(ask: () => Promise<unknown>) {
    const before = (await reads()).length;
    await ask();
    return (await reads()).slice(before);
  }

  test("by who asked, with the filters of each list that was asked for", async () => {
    const told = await readsOf(() => server.ask(threeLists, { first: 1 }));
    const filters = [{ severity: "error" }, { resource_id: "12", resource_type: "appointment" }, {}];
    expect(told).toEqual([{ actor_id: "42", metadata: { filters } }]);
  });

  test("and two of them are noticed", async () => {
    jest.spyOn(DataLoader.prototype, "load").mockImplementation(function (this: DataLoader<unknown, unknown>, key) {
      // How a loader reads is in no property that its types know.
      const read = Reflect.get(this, "_batchLoadFn") as (keys: unknown[]) => Promise<unknown[]>;
      return read([key]).then(([row]) => row);
    });
    expect(await readsOf(() => server.ask(threeLists, { first: 1 }))).toHaveLength(3);
  });

  test("and none where every list was refused", async () => {
    expect(await readsOf(() => server.ask("{ auditEvents(first: 201) { nodes { id } } }"))).toEqual([]);
    const staff = await tokenOf({ role: "staff" });
    expect(await readsOf(() => server.ask("{ auditEvents { nodes { id } } }", {}, staff))).toEqual([]);
  });

  test("without what is no id or word of ours: it may be a name or an address", async () => {
    const typed = "ada.canary@example.test";
    const names = ["resourceType", "resourceId", "eventType", "actorId", "correlationId", "severity"];
    const filters = names.map((name) => `${name}: "${typed}"`).join(", ");
    const [read] = await readsOf(() => server.ask(`{ auditEvents(${filters}) { nodes { id } } }`));
    expect(read).toEqual({ actor_id: "42", metadata: { filters: {} } });
  });

  test("with who is asked about, where the audit knows them", async () => {
    const [read] = await readsOf(() => server.ask('{ auditEvents(actorId: "42") { nodes { id } } }'));
    expect(read?.metadata).toEqual({ filters: { actor_id: "42" } });
  });
});
