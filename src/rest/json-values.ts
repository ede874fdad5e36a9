import { z } from "zod";

/** A part of a text of JSON that is written as it stands. */
type RawJson = object;

declare global {
  interface JSON {
    /** Of ECMAScript 2026, which TypeScript's library does not have yet. */
    rawJSON(text: string): RawJson;
  }
}

/** An id as the number that JSON has of any size: beyond 2^53 a JavaScript number would name another row. */
export function idNumber(id: string): number | RawJson {
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : JSON.rawJSON(id);
}

export function optionalId(id: string | null): number | RawJson | null {
  return id === null ? null : idNumber(id);
}

/** A GraphQL enum's value as these routes write it. */
export function word<Name extends string>(name: Name): Lowercase<Name> {
  return name.toLowerCase() as Lowercase<Name>;
}

export function optionalWord(name: string | null): string | null {
  return name === null ? null : word(name);
}

export const idSchema = z.int().positive().meta({ description: "A database id.", format: "int64" });
export const instantSchema = z.iso
  .datetime()
  .meta({ description: "ISO 8601 in UTC with a Z; with a fraction only when it is not zero." });
export const correlationIdSchema = z.uuid().meta({ description: "Names a run in the log, the audit and here." });
export const countSchema = z.int().nonnegative();
export const providerSchema = z.enum(["google", "microsoft"]);
export const connectionStatusSchema = z.enum(["active", "paused", "revoked"]);
export const operationSchema = z.enum(["list_changes", "upsert", "delete", "resync"]);
export const directionSchema = z.enum(["pull", "push"]);
export const errorClassSchema = z.enum(["transient", "rate_limited", "non_retryable"]);
