import { createHash } from "node:crypto";
import type { Actor } from "./actor.js";

/** Remembers whose token was verified until it expires, by its hash: no token is kept. The least recently used one goes first. */
export class VerifiedTokens {
  readonly #byHash = new Map<string, { actor: Actor; expiresAt: number }>();

  constructor(private readonly mostTokens = 10_000) {}

  find(token: string): Actor | null {
    const hash = hashOf(token);
    const known = this.#byHash.get(hash);
    if (!known) return null;
    this.#byHash.delete(hash);
    if (known.expiresAt <= Date.now()) return null;
    this.#byHash.set(hash, known);
    return known.actor;
  }

  /** `expiresAt` in milliseconds since 1970. */
  keep(token: string, actor: Actor, expiresAt: number): void {
    const hash = hashOf(token);
    if (!this.#byHash.has(hash) && this.#byHash.size >= this.mostTokens) this.#forgetOldest();
    this.#byHash.set(hash, { actor, expiresAt });
  }

  #forgetOldest(): void {
    const oldest = this.#byHash.keys().next();
    if (oldest.done !== true) this.#byHash.delete(oldest.value);
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
