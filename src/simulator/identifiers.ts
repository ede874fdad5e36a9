import { createHash } from "node:crypto";
import type { ProviderKind } from "./accounts.js";

const BASE32HEX = "0123456789abcdefghijklmnopqrstuv";

/** RFC 2938's base32hex in lower case and without padding: the alphabet Google allows in event ids. */
function base32hex(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32HEX.charAt((value >>> bits) & 31);
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32HEX.charAt((value << (5 - bits)) & 31) : text;
}

/** The id of an imported event: the same UID always has the same id. */
export function eventIdOf(uid: string): string {
  return base32hex(createHash("sha256").update(uid).digest());
}

/** The iCalendar UID of a new event, in the form of the provider it is created at. */
export function newUid(provider: ProviderKind, id: string): string {
  if (provider === "google") return `${id}@google.com`;
  const hash = createHash("sha256").update(id).digest("hex").toUpperCase();
  return `040000008200E00074C5B7101A82E00800000000${hash}`;
}

/** Ids and tokens that look random and are the same in every run with the same seed. */
export class IdentifierSource {
  #issued = 0;
  readonly #seed: string;

  constructor(seed: string) {
    this.#seed = seed;
  }

  get issued(): number {
    return this.#issued;
  }

  /** Goes on where a stored state stopped. */
  restore(issued: number): void {
    this.#issued = issued;
  }

  /** 26 characters of a-v and 0-9, a valid Google event id. */
  next(purpose: string): string {
    this.#issued += 1;
    const hash = createHash("sha256").update(`${this.#seed}/${purpose}/${this.#issued}`).digest();
    return base32hex(hash).slice(0, 26);
  }
}
