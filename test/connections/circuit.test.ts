import { describe, expect, test } from "@jest/globals";
import { CalendarConnection } from "../../src/connections/calendar-connection.entity.js";
import { outageLimits } from "../../src/connections/outage-limits.js";

const hourMs = 3600_000;
const start = new Date("2026-03-01T00:00:00Z");
const hours = (count: number) => new Date(start.getTime() + count * hourMs);

/** A connection that was made at the start, with a pull planned for then. */
function given(columns: Partial<CalendarConnection> = {}): CalendarConnection {
  const connection = new CalendarConnection();
  const usual = {
    createdAt: start,
    statusChangedAt: null,
    circuitResetAt: null,
    circuitOpenedAt: null,
    nextPullAt: start,
  };
  return Object.assign(connection, usual, columns);
}

function fail(
  connection: CalendarConnection,
  times: number,
  at = hours(1),
  lastSuccessAt: Date | null = null,
): boolean[] {
  return Array.from({ length: times }, () => connection.countFailedRun(at, lastSuccessAt, outageLimits));
}

describe("the circuit of a connection", () => {
  test("opens with the twentieth failed run in a row, once", () => {
    const connection = given();
    expect(fail(connection, 19)).not.toContain(true);
    expect(connection.circuitOpenedAt).toBeNull();
    expect(fail(connection, 3)).toEqual([true, false, false]);
    expect(connection).toMatchObject({ circuitOpenedAt: hours(1), circuitFailures: 22, nextPullAt: hours(2) });
  });

  test.each([
    ["a day after its last success", {}, hours(10), hours(34), true],
    ["a little less than a day after it", {}, hours(10.1), hours(34), false],
    ["a day after it was made, where nothing has succeeded yet", {}, null, hours(24), true],
    ["less than a day after somebody resynced it", { circuitResetAt: hours(20) }, hours(1), hours(43), false],
    ["less than a day after it was resumed", { statusChangedAt: hours(20) }, hours(1), hours(43), false],
  ])("asked at a failed run %s", (_when, columns, lastSuccessAt, at, opens) => {
    expect(fail(given(columns), 1, at, lastSuccessAt)).toEqual([opens]);
  });

  test("plans no pull where none is planned", () => {
    const connection = given({ nextPullAt: null });
    fail(connection, 20);
    expect(connection).toMatchObject({ circuitOpenedAt: hours(1), nextPullAt: null });
    expect(connection.closeCircuit(hours(2))).toBe(true);
    expect(connection.nextPullAt).toBeNull();
  });

  test("closes at a success, which says so only where it was open; a pull is due, and the count begins anew", () => {
    const connection = given();
    fail(connection, 19);
    expect(connection.closeCircuit(hours(2))).toBe(false);
    expect(connection).toMatchObject({ circuitFailures: 0, nextPullAt: start });
    fail(connection, 20);
    expect(connection.closeCircuit(hours(3))).toBe(true);
    expect(connection).toMatchObject({ circuitFailures: 0, circuitOpenedAt: null, nextPullAt: hours(3) });
    expect(fail(connection, 19)).not.toContain(true);
  });

  test("is given twenty runs and a day more by a reset", () => {
    const connection = given();
    fail(connection, 20, hours(30));
    expect(connection.resetCircuit(hours(31))).toBe(true);
    expect(fail(connection, 19, hours(54))).not.toContain(true);
    expect(fail(connection, 1, hours(55))).toEqual([true]);
    expect(given().resetCircuit(hours(1))).toBe(false);
  });
});
