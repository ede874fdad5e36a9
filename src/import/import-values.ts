import { z } from "zod";
import { parseInstant, printInstant } from "../date-time.js";
import { parseId } from "../id.js";

/** Above it, too few ids would be left for what comes after. */
const highestId = 2n ** 62n;

/** What a value must be, told without the value; "is missing" where there is none. */
function must(be: string): { error: (issue: { input?: unknown }) => string } {
  return { error: ({ input }) => (input === undefined ? "is missing" : `must be ${be}`) };
}

const isId = must("a positive whole number below 2^63, as text when it is above 2^53");

/** A database id: a whole number, or as text where JSON's numbers are too short for it. Becomes text. */
export const id = z
  .union(
    [
      z.int(isId).min(1, isId),
      z
        .string()
        .regex(/^[1-9]\d{0,18}$/, { ...isId, abort: true })
        .refine((text) => parseId(text) !== null, isId),
    ],
    isId,
  )
  .transform(String)
  .refine((text) => BigInt(text) <= highestId, { error: "is so high that no ids would be left for new rows" })
  .meta({ description: "A positive whole number; as text when it is above 2^53." });

/** What PostgreSQL can store: no NUL, no half of a surrogate pair. */
function isStorable(value: string): boolean {
  return !value.includes("\0") && value.isWellFormed();
}

export function text(longest: number, shortest = 1) {
  const length = must(`text of ${shortest} to ${longest} characters`);
  return z
    .string(length)
    .min(shortest, length)
    .max(longest, length)
    .refine(isStorable, { error: "has a NUL or half a character" });
}

/** A user id of the token's, which may be a number. */
export const userId = z.union([z.int().min(0).transform(String), text(200)], must("a user's id"));

const isInstant = must("a date-time with an offset, such as 2026-01-31T09:00:00Z");

/** An RFC 3339 instant with an offset. Becomes UTC. */
export const instant = z
  .string(isInstant)
  .transform((value, context) => {
    const parsed = parseInstant(value);
    if (parsed) return printInstant(parsed);
    context.addIssue(isInstant.error({ input: value }));
    return z.NEVER;
  })
  .meta({ format: "date-time" });

export const flag = z.boolean(must("true or false"));

export const count = z.int(must("a whole number from 0")).min(0, must("a whole number from 0"));

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, must(`one of ${values.join(", ")}`));
}

export const texts = z.array(text(500), must("a list of texts")).max(100, must("a list of at most 100 texts"));
