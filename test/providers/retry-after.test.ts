import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { retryAfterSeconds, secondsUntilPacificMidnight } from "../../src/providers/retry-after.js";

const date = "Sun, 22 Nov 2026 12:00:00 GMT";

describe("Retry-After", () => {
  test.each<[string, string | null, number | null]>([
    ["none", null, null],
    ["seconds", "120", 120],
    ["no seconds", "0", 0],
    ["spaces around", " 7 ", 7],
    ["a date", "Sun, 22 Nov 2026 12:02:30 GMT", 150],
    ["a date that has passed", "Sun, 22 Nov 2026 11:00:00 GMT", 0],
    ["a year in seconds", "31536000", 86_400],
    ["more seconds than a number holds", "9".repeat(400), 86_400],
    ["a date in a year", "Mon, 22 Nov 2027 12:00:00 GMT", 86_400],
    ["a negative number", "-5", null],
    ["a fraction", "1.5", null],
    ["a word", "soon", null],
    ["nothing", "", null],
    ["a date of another format", "2026-11-22T12:02:30Z", null],
    ["a date that does not exist", "Sun, 99 Foo 2026 12:00:00 GMT", null],
  ])("%s", (_name, value, seconds) => {
    const headers = new Headers({ date });
    if (value !== null) headers.set("retry-after", value);
    expect(retryAfterSeconds(headers)).toBe(seconds);
  });

  test("a date counts by the provider's clock, not by ours", () => {
    const headers = new Headers({
      date: "Thu, 22 Nov 2001 12:00:00 GMT",
      "retry-after": "Thu, 22 Nov 2001 12:00:40 GMT",
    });
    expect(retryAfterSeconds(headers)).toBe(40);
  });

  test("whatever it says, the wait is null or a whole number from 0 to 86400", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x21-\x7e]{0,40}$/), (value) => {
        const seconds = retryAfterSeconds(new Headers({ "retry-after": value }));
        expect(seconds === null || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400)).toBe(true);
      }),
    );
  });
});

describe("the end of the day in California", () => {
  test.each([
    ["in winter", "Sun, 22 Nov 2026 12:00:00 GMT", 20 * 3600],
    ["in summer", "Wed, 22 Jul 2026 12:00:00 GMT", 19 * 3600],
    ["a second before it", "Mon, 23 Nov 2026 07:59:59 GMT", 1],
    ["at it, a day later", "Mon, 23 Nov 2026 08:00:00 GMT", 86_400],
    ["on the day of 23 hours", "Sun, 08 Mar 2026 08:00:00 GMT", 23 * 3600],
    ["on the day of 25 hours, at most 24", "Sun, 01 Nov 2026 07:00:00 GMT", 86_400],
    ["in the second half of the day of 25 hours", "Sun, 01 Nov 2026 12:00:00 GMT", 20 * 3600],
    ["on the last day of the year", "Fri, 01 Jan 2027 07:00:00 GMT", 3600],
  ])("%s", (_name, answeredAt, seconds) => {
    expect(secondsUntilPacificMidnight(new Headers({ date: answeredAt }))).toBe(seconds);
  });
});
