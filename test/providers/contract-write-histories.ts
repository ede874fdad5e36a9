import { randomUUID } from "node:crypto";
import { afterEach, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import {
  ProviderFailure,
  type EventContent,
  type EventField,
  type WrittenEvent,
} from "../../src/providers/provider.js";
import { withoutKeys } from "./planted-requests.js";
import { content, type WriteWorld } from "./write-world.js";

const timeOf = fc.constantFrom<Pick<EventContent, "startsAt" | "endsAt" | "isAllDay" | "timeZone">>(
  ...[
    ["2026-10-25T01:15:00.000Z", "2026-10-25T02:00:00.000Z"],
    ["2027-03-28T00:30:00.000Z", "2027-03-28T01:30:00.000Z"],
    ["2026-12-05T09:00:00.000Z", "2026-12-05T09:00:00.000Z"],
  ].map(([startsAt = "", endsAt = ""]) => ({ startsAt, endsAt, isAllDay: false, timeZone: "Europe/Berlin" })),
  { startsAt: "2026-12-06T00:00:00.000Z", endsAt: "2026-12-08T00:00:00.000Z", isAllDay: true, timeZone: null },
);
const given = fc
  .record({ title: fc.constantFrom("One", "Two", "Three"), isTentative: fc.boolean(), times: timeOf })
  .map(({ times, ...rest }): EventContent => ({ ...rest, ...times }));

/** Of which event the next step is. */
const which = fc.nat(2);
/** The first request of a method is disturbed, carried out or not. */
const fault = fc.option(
  fc.record({
    method: fc.constantFrom("GET", "POST", "PATCH", "DELETE"),
    when: fc.constantFrom("before" as const, "after" as const),
    then: fc.constantFrom<{ destroy: true } | { status: number }>({ destroy: true }, { status: 503 }),
  }),
);
/** What the event's user does before one of the requests of a write. */
const race = fc.option(
  fc.record({ request: fc.nat(3), deed: fc.constantFrom("describe" as const, "remove" as const) }),
);
const fields = fc.subarray<EventField>(["title", "status", "times"], { minLength: 1 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("create" as const), which, given, fault, race }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("update" as const), which, given, fields, fault, race }) },
  fc.record({ kind: fc.constant("delete" as const), which, fault, race }),
  fc.record({ kind: fc.constant("rename" as const), which }),
  fc.record({ kind: fc.constant("remove" as const), which }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Write = Extract<Step, { fault: unknown }>;

/** Whatever we and the calendar's user do, and whichever answers are lost, each event is there once and says what it should. */
export function describeWriteHistories(writes: WriteWorld): void {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const history = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    writes.world.reset();
    await writes.begin();
    const told = new WriteHistory(writes);
    for (const one of steps) await told.play(one);
    await told.expectCalendar();
  });

  test("leaves each event once, as the last to change each field has it", async () => {
    await fc.assert(history, { numRuns: 60 });
  });

  test("is found to leave something else as soon as requests go out without the key", async () => {
    withoutKeys();
    const { failed } = await fc.check(history, { numRuns: 60, endOnFailure: true });
    expect(failed).toBe(true);
  });
}

/** An event of ours as it should be; null once it is gone, and until it is made. */
interface Expected {
  eventKey: string;
  externalEventId: string | null;
  content: EventContent | null;
}

class WriteHistory {
  readonly #events: Expected[] = [0, 1, 2].map(() => ({
    eventKey: randomUUID(),
    externalEventId: null,
    content: null,
  }));

  constructor(private readonly writes: WriteWorld) {}

  async play(step: Step): Promise<void> {
    const expected = this.#events[step.which];
    if (expected === undefined) return;
    if (step.kind === "rename") this.#rename(expected);
    else if (step.kind === "remove") this.#remove(expected);
    else await this.#write(expected, step);
  }

  async expectCalendar(): Promise<void> {
    const told = (await this.writes.allEvents()).map(
      ({ eventKey, title, isTentative, startsAt, endsAt, isAllDay }) => ({
        ...{ eventKey, title, isTentative, startsAt, endsAt, isAllDay },
      }),
    );
    const expected = this.#events.flatMap(({ eventKey, content: each }) => {
      if (each === null) return [];
      const { title, isTentative, startsAt, endsAt, isAllDay } = each;
      return [{ eventKey, title, isTentative, startsAt, endsAt, isAllDay }];
    });
    expect(told.sort(byKey)).toEqual(expected.sort(byKey));
  }

  async #write(expected: Expected, step: Write): Promise<void> {
    const { writes } = this;
    if (step.fault)
      writes.control.addFault({ ...step.fault, match: { method: step.fault.method, pathRegex: "/events" } });
    this.#race(expected, step);
    await this.#carryOut(expected, step);
    writes.world.beforeRequest = () => undefined;
    writes.control.clearFaults();
  }

  #race(expected: Expected, { race: each }: Write): void {
    const { writes } = this;
    const before = writes.requests;
    let isDone = each === null;
    writes.world.beforeRequest = () => {
      if (isDone || writes.requests - before < (each?.request ?? 0)) return;
      isDone = true;
      if (each?.deed === "remove") this.#remove(expected);
      else this.#change(expected, { description: "Somebody was here" });
    };
  }

  async #carryOut(expected: Expected, step: Write): Promise<void> {
    const { writes } = this;
    const { externalEventId } = expected;
    if (step.kind === "create") {
      const isNew = externalEventId === null;
      const written = await repeated(() => writes.create(expected.eventKey, step.given));
      // An event that is made again has all of its content written.
      if (written.kind === "event") expected.externalEventId = written.event.externalEventId;
      else if (isNew) expect(written.kind).toBe("event");
      this.#expect(written, expected, step.given, ["title", "status", "times"], isNew);
    } else if (externalEventId !== null && step.kind === "update") {
      const written = await repeated(() => writes.updateById(externalEventId, step.given, step.fields));
      this.#expect(written, expected, step.given, step.fields, false);
    } else if (externalEventId !== null) {
      await repeated(() => writes.deleteById(externalEventId));
      expected.content = null;
    }
  }

  #expect(
    written: WrittenEvent,
    expected: Expected,
    given: EventContent,
    changed: readonly EventField[],
    isNew: boolean,
  ): void {
    const known = isNew ? content : expected.content;
    if (known === null) {
      expect(written).toEqual({ kind: "gone" });
      return;
    }
    expected.content = merged(known, given, changed);
    const { title, isTentative, startsAt, endsAt, isAllDay } = expected.content;
    expect(written).toMatchObject({ kind: "event", event: { title, isTentative, startsAt, endsAt, isAllDay } });
  }

  #rename(expected: Expected): void {
    if (expected.content === null) return;
    this.#change(expected, { title: "Somebody's" });
    expected.content = { ...expected.content, title: "Somebody's" };
  }

  #remove(expected: Expected): void {
    const { externalEventId } = expected;
    if (externalEventId === null || expected.content === null) return;
    const { control } = this.writes;
    control.deleteEvent(this.writes.account, externalEventId);
    expected.content = null;
  }

  #change({ externalEventId, content: known }: Expected, changes: { title?: string; description?: string }): void {
    if (externalEventId === null || known === null) return;
    this.writes.control.updateEvent(this.writes.account, externalEventId, changes);
  }
}

/** Until its answer is not lost any more. */
async function repeated<Answer>(write: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof ProviderFailure) || error.errorClass !== "TRANSIENT" || tries === 5) throw error;
    }
  }
}

function merged(known: EventContent, given: EventContent, changed: readonly EventField[]): EventContent {
  const { startsAt, endsAt, isAllDay, timeZone } = given;
  return {
    ...known,
    ...(changed.includes("title") && { title: given.title }),
    ...(changed.includes("status") && { isTentative: given.isTentative }),
    ...(changed.includes("times") && { startsAt, endsAt, isAllDay, timeZone }),
  };
}

function byKey(one: { eventKey: string | null }, other: { eventKey: string | null }): number {
  return (one.eventKey ?? "") < (other.eventKey ?? "") ? -1 : 1;
}
