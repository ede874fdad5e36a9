import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Refusal } from "../../src/rest/answer.js";
import { readDateTimes } from "../../src/rest/date-time-field.js";
import { parseJsonText } from "../../src/rest/json-text.js";

/** Undefined for what is refused. */
function instantOf(value: unknown): string | null | undefined {
  try {
    return readDateTimes(new Map([["date", value]]), ["date"]).date;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

describe("a date-time", () => {
  test.each([
    ["2026-01-31", "2026-01-31T00:00:00Z"],
    ["2026-01-31T09:30", "2026-01-31T09:30:00Z"],
    ["2026-01-31 09:30:15", "2026-01-31T09:30:15Z"],
    ["2026-01-31t09:30:15z", "2026-01-31T09:30:15Z"],
    ["2026-01-31T09:30:15.5Z", "2026-01-31T09:30:15.500Z"],
    ["2026-01-31T09:30:15,123456Z", "2026-01-31T09:30:15.123Z"],
    ["2026-01-31T09:30:15.123456789123Z", "2026-01-31T09:30:15.123Z"],
    ["2026-01-31T09:30:15.0000+02:00", "2026-01-31T07:30:15Z"],
    ["2026-01-31T09:30-0330", "2026-01-31T13:00:00Z"],
    ["2026-01-31T09:30 +01", "2026-01-31T08:30:00Z"],
    ["2026-1-5 9:05", "2026-01-05T09:05:00Z"],
    ["2024-02-29", "2024-02-29T00:00:00Z"],
  ])("%s is %s", (text, instant) => {
    expect(instantOf(text)).toBe(instant);
  });

  test.each([
    "",
    " ",
    "2026",
    "2026-01",
    "2026-02-30",
    "2025-02-29",
    "2026-13-01",
    "0000-01-01",
    "2026-01-31T24:00",
    "2026-01-31T09:60",
    "2026-01-31T09:30:60Z",
    "2026-01-31T09:30:15+99:00",
    "2026-01-31T",
    "2026-01-31Z",
    "2026-01-31T09",
    "12026-01-31",
    " 2026-01-31",
    "31.01.2026",
    "now",
    0,
    1_767_225_600,
    true,
    {},
    ["2026-01-31"],
  ])("%j is none", (value) => {
    expect(instantOf(value)).toBeUndefined();
  });

  test.each([undefined, null])("may be %s", (value) => {
    expect(instantOf(value)).toBeNull();
  });
});

function faultOf(text: string): string | null {
  try {
    parseJsonText(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("a text of JSON", () => {
  /** As Python 3.11's json.loads says it. */
  test.each([
    ["", "Expecting value: line 1 column 1 (char 0)"],
    ["{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"],
    ['{"a"}', "Expecting ':' delimiter: line 1 column 5 (char 4)"],
    ['{"a": 1 "b"', "Expecting ',' delimiter: line 1 column 9 (char 8)"],
    ['{"a": 1,}', "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"],
    ["[1,]", "Expecting value: line 1 column 4 (char 3)"],
    ["{}\n{}", "Extra data: line 2 column 1 (char 3)"],
    ["01", "Extra data: line 1 column 2 (char 1)"],
    ['"a', "Unterminated string starting at: line 1 column 1 (char 0)"],
    ['"\\x"', "Invalid \\escape: line 1 column 2 (char 1)"],
    ['"\\u12"', "Invalid \\uXXXX escape: line 1 column 3 (char 2)"],
    ['"\n"', "Invalid control character at: line 1 column 2 (char 1)"],
    ['"\u{1F600}" x', "Extra data: line 1 column 5 (char 4)"],
    ["[NaN]", "Out of range float values are not JSON compliant: 'NaN'"],
    ["\ufeff{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"],
  ])("%j is none: %s", (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  test("is read as JavaScript reads it, whatever it says", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(parseJsonText(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("is none where JavaScript finds none", () => {
    const pieces = fc.constantFrom(
      ...Array.from('{}[]",:\\ \n09.-+eEutrlfasn\u0000é'),
      "true",
      "null",
      '"a"',
      "1",
      "NaN",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (some) => {
        const text = some.join("");
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(faultOf(text) === null).toBe(isJson);
      }),
      { numRuns: 2000 },
    );
  });
});
