import type { ProviderKind } from "../accounts.js";
import type { IdentifierSource } from "../identifiers.js";
import type { Grant } from "../tokens.js";
import type { CodeChallenge } from "./code-challenge.js";

const LIFE_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

/** How each provider's codes begin. */
const PREFIXES = { google: "4/0", microsoft: "M.C505_BAY.2.U." } as const;

/** What a code is exchanged for, and on which terms. What is left out is not asked for. */
export interface CodeTerms extends Grant {
  /** The exchange must name the same one. */
  redirectUri: string | null;
  codeChallenge?: CodeChallenge;
  /** Comes back in the identity token. */
  nonce?: string;
  /** Google: whether a refresh token comes with the access token. Default true. */
  hasRefreshToken?: boolean;
}

export interface AuthorizationCode extends CodeTerms {
  /** Left out of codes that were stored before they had an end: these live on. */
  expiresAt?: number;
  isRedeemed?: boolean;
}

export type Redemption =
  { outcome: "redeemed"; code: AuthorizationCode } | { outcome: "unknown" | "expired" | "alreadyRedeemed" };

/** Authorization codes that were given out. */
export class AuthorizationCodes {
  readonly #codes = new Map<string, AuthorizationCode>();
  #revision = 0;

  constructor(
    private readonly identifiers: IdentifierSource,
    private readonly now: () => number,
    private readonly providerOf: (account: string) => ProviderKind,
  ) {}

  /** Rises with every change that issuing does not count. */
  get revision(): number {
    return this.#revision;
  }

  /** A code that works once, for ten minutes. */
  issue(terms: CodeTerms): string {
    this.#dropOld();
    const text = PREFIXES[this.providerOf(terms.account)] + this.identifiers.next("code");
    this.#codes.set(text, { ...terms, expiresAt: this.now() + LIFE_MS });
    return text;
  }

  /** Redeemed and expired ones too, for a day. */
  find(text: string): AuthorizationCode | undefined {
    return this.#codes.get(text);
  }

  /** Uses a code up, also where the exchange is refused afterwards. */
  redeem(text: string): Redemption {
    const code = this.#codes.get(text);
    if (!code) return { outcome: "unknown" };
    if (code.isRedeemed === true) return { outcome: "alreadyRedeemed" };
    if (code.expiresAt !== undefined && code.expiresAt <= this.now()) return { outcome: "expired" };
    this.#revision += 1;
    code.isRedeemed = true;
    return { outcome: "redeemed", code };
  }

  clear(): void {
    this.#codes.clear();
  }

  stored(): [string, AuthorizationCode][] {
    return [...this.#codes];
  }

  restore(stored: readonly [string, AuthorizationCode][]): void {
    this.clear();
    for (const [text, code] of stored) this.#codes.set(text, code);
  }

  #dropOld(): void {
    const limit = this.now() - DAY_MS;
    for (const [text, { expiresAt = 0 }] of this.#codes) {
      if (expiresAt > limit) return;
      this.#codes.delete(text);
    }
  }
}
