import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { SyncRun } from "../../src/attempts/sync-run.entity.js";
import { GoogleCalendar } from "../../src/providers/google/calendar.js";
import { ProviderHttp } from "../../src/providers/http.js";
import { ProviderFailure, type ChangePage } from "../../src/providers/provider.js";
import { AttemptWriter } from "../../src/sync/attempt-writer.js";
import { violations } from "./lost-workers.js";
import { providerFaultCases } from "./provider-fault-cases.js";
import { ProviderFaultWorld, type Outcome, type ProviderCase } from "./provider-fault-world.js";

jest.setTimeout(120_000);

let world: ProviderFaultWorld;

beforeAll(async () => {
  world = await ProviderFaultWorld.start();
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(async () => {
  await world.stop();
});

describe("a pull that meets", () => {
  let outcomes: Outcome[];
  beforeAll(async () => {
    outcomes = await world.liveAll(providerFaultCases);
  });

  test.each(
    providerFaultCases.map(([provider, { name, expected }], index) => [provider, name, index, expected] as const),
  )("of %s: %s", (_provider, _name, index, expected) => {
    expect(outcomes[index]).toEqual(expected);
  });

  test("a redirect sends nothing to where it leads", () => {
    expect(world.elsewhere.requests).toEqual([]);
  });

  test("pages without end writes all but the last of those it is allowed, in each attempt", async () => {
    const runs = await world.app.sql<{ pages_done: number }>(
      "select pages_done from sync_run where error_code = 'TOO_MANY_PAGES'",
    );
    expect(runs.map(({ pages_done: pages }) => pages)).toEqual([8, 8]);
  });

  test("a key that is __proto__ gives nothing to other objects", () => {
    expect("polluted" in {}).toBe(false);
  });

  test("any of it leaves everything consistent", async () => {
    expect(await violations(world.app)).toEqual([]);
  });
});

function ofGoogle(name: string): ProviderCase {
  const found = providerFaultCases.find(([provider, one]) => provider === "GOOGLE" && one.name === name);
  if (!found) throw new Error(`there is no case named ${name}`);
  return found;
}

/** A round that fails is closed as one that has ended. */
function sweepAfterFailing(): void {
  const written = jest.spyOn(AttemptWriter.prototype, "writePage");
  jest.spyOn(AttemptWriter.prototype, "fail").mockImplementation(function (this: AttemptWriter, _failure, requests) {
    const round = written.mock.calls.at(-1)?.[1];
    if (!round) throw new Error("no page was written");
    const nothing = { changes: [], nextPageToken: null, resumePageToken: null, nextCursor: "half-way" };
    return this.finish(nothing, round, "half-way", requests);
  });
}

function believeEmptyLists(): void {
  const spy = jest.spyOn(SyncRun.prototype, "beginFullRound");
  const begin = spy.getMockImplementation();
  spy.mockImplementation(function (this: SyncRun, start, end) {
    begin?.call(this, start, end);
    this.allowMassCancel = true;
  });
}

function storeCursorWithEachPage(): void {
  const spy = jest.spyOn(AttemptWriter.prototype, "writePage");
  const write = spy.getMockImplementation();
  spy.mockImplementation(async function (this: AttemptWriter, ...page) {
    await write?.apply(this, page);
    await world.app.sql(
      `update calendar_connection set cursor = $1 where id in (select connection_id from sync_run where status = 'RUNNING')`,
      [page[0].nextPageToken],
    );
  });
}

/** As Google's own client does with an answer that is no JSON. */
function readNothingFromNonsense(): void {
  const spy = jest.spyOn(GoogleCalendar.prototype, "listChanges");
  const list = spy.getMockImplementation();
  spy.mockImplementation(async function (this: GoogleCalendar, asked) {
    const nextCursor = asked.range.kind === "SINCE" ? asked.range.cursor : null;
    const nothing: ChangePage = { changes: [], nextPageToken: null, resumePageToken: null, nextCursor };
    try {
      return (await list?.call(this, asked)) ?? nothing;
    } catch (error) {
      if (error instanceof ProviderFailure && error.errorCode === "MALFORMED_ANSWER") return nothing;
      throw error;
    }
  });
}

function fetchWithoutLimits(): void {
  jest.spyOn(ProviderHttp.prototype, "fetchFor").mockReturnValue(fetch);
}

describe("these cases find", () => {
  test.each<[string, () => void, string, Partial<Outcome>]>([
    [
      "a sweep of what a round that stopped half-way has not seen",
      sweepAfterFailing,
      "a full round that breaks off after its first page",
      { appointments: "lost 1" },
    ],
    [
      "an empty list that is believed",
      believeEmptyLists,
      "an empty list where everything was asked for",
      { attempts: ["SUCCESS"], appointments: "lost 1" },
    ],
    [
      "a cursor that is stored before the last page",
      storeCursorWithEachPage,
      "a page that names itself as the next one",
      { cursor: "replaced" },
    ],
    [
      "a truncated answer that is taken for one without changes",
      readNothingFromNonsense,
      "a truncated answer that looks complete",
      { attempts: ["SUCCESS"], run: "SUCCEEDED" },
    ],
    [
      "requests without limits",
      fetchWithoutLimits,
      "a page that is larger than is allowed here",
      { attempts: ["SUCCESS"], run: "SUCCEEDED" },
    ],
  ])("%s", async (_bug, plant, name, seen) => {
    const found = ofGoogle(name);
    plant();
    const outcome = await world.sufferOnly(found);
    expect(outcome).toMatchObject(seen);
    expect({ ...outcome, afterwards: found[1].expected.afterwards }).not.toEqual(found[1].expected);
  });
});
