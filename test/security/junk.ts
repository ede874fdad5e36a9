import fc from "fast-check";

const strings = [
  ...[
    "",
    " ",
    "0",
    "-1",
    "1.5",
    "1e3",
    "007",
    "NaN",
    "null",
    "undefined",
    "true",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\udfff\ud800",
  ],
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775809", "99999999999999999999999999"],
  ...["__proto__", "constructor", "toString", "../../etc/passwd", "%00", "%", "%zz", "${1+1}", "{{7*7}}", "\u202e"],
  ...["' or 1=1 --", "'; drop table firm; --", "1) union select null --", "\\", '"', "$1", ":id", "?"],
  ...[
    "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:00",
    "10000-01-01T00:00:00Z",
    "-000001-01-01T00:00:00Z",
    "infinity",
    "now",
  ],
  ...["x".repeat(600), "x".repeat(20_000), "😀".repeat(300), "11111111-1111-4111-8111-111111111111"],
];

const numbers = [0, -0, -1, 1, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 63, 1e308, 5e-324];

/** A value that no client should send, or that one might by mistake. */
export const junk: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<unknown>(...strings, ...numbers, null, true, false),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("id", "__proto__", "constructor", "first", "a", ""), tie("value"), { maxKeys: 3 }),
  ),
})).value;

export const junkText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...strings),
  fc.string({ unit: "binary", maxLength: 30 }),
);

/** A text of which something has been cut out, doubled, or replaced. */
export function mangled(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(text, fc.nat(), fc.nat(12), fc.constantFrom("cut", "double", "replace"), junkText)
    .map(([whole, place, length, how, other]) => {
      const start = whole.length === 0 ? 0 : place % whole.length;
      const part = whole.slice(start, start + length);
      const instead = how === "cut" ? "" : how === "double" ? part + part : other.slice(0, 40);
      return whole.slice(0, start) + instead + whole.slice(start + length);
    });
}
