import { randomBytes } from "node:crypto";
import { SECRET_MARK } from "../../src/simulator/tokens.js";

/** In base64 it begins with the mark. */
const markedKeyStart = Buffer.from(`${SECRET_MARK}0`, "base64");

/**
 * Secrets of the tests: each holds the mark that the simulated providers' tokens have, too. When a run has ended, nothing that it has
 * written may hold it (written-secrets.ts).
 */
export function secretText(what: string): string {
  return `${SECRET_MARK}-${what}-${randomBytes(16).toString("hex")}`;
}

/** A key of 32 bytes in base64, as CREDENTIALS_KEYS takes it after its version. */
export function secretKey(): string {
  return Buffer.concat([markedKeyStart, randomBytes(32 - markedKeyStart.length)]).toString("base64");
}

/** CREDENTIALS_KEYS of a test file whose commands and imports share them. */
export const fileKeys = `1:${secretKey()}`;

/** What a server is told to be by an OAuth provider: the same in all tests, since it is no state of any of them. */
export const clientSecret = `${SECRET_MARK}-client`;

/** What a secret looks like to whoever has leaked it, in each way in which it may have been written. */
export function secretPatterns(): readonly Buffer[] {
  const mark = Buffer.from(SECRET_MARK);
  return [
    mark,
    markedKeyStart,
    Buffer.from(mark.toString("hex")),
    ...[0, 1, 2].map((offset) => Buffer.from(base64At(mark, offset))),
  ];
}

/** The part of the base64 of a longer text that is the mark's alone, where the mark begins at that byte of three. */
function base64At(mark: Buffer, offset: number): string {
  const before = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + mark.length) * 8) / 6);
  return Buffer.concat([Buffer.alloc(offset), mark])
    .toString("base64")
    .slice(before, end);
}
