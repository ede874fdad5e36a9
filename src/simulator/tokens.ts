import type { ProviderKind } from "./accounts.js";
import type { IdentifierSource } from "./identifiers.js";

/** Seconds an access token lives, as both providers say. */
export const ACCESS_TOKEN_SECONDS = 3599;

export interface Grant {
  account: string;
  scopes: readonly string[];
  /** The application it was given to; left out of those that every application may use. */
  clientId?: string;
}

/** Whether an application may use what was given to it, or to all. */
export function isGivenTo({ clientId }: Grant, asking: string | null): boolean {
  return clientId === undefined || clientId === asking;
}

export interface AccessToken extends Grant {
  expiresAt: number;
}

/** What is stored of the tokens between two runs. */
export interface StoredTokens {
  access: [string, AccessToken][];
  refresh: [string, Grant][];
}

/** Stands in every token, so that one is found wherever it has come to. */
export const SECRET_MARK = "SimulatedSecret";

/** How each provider's tokens begin. */
const PREFIXES = {
  google: { access: `ya29.${SECRET_MARK}`, refresh: `1//0${SECRET_MARK}` },
  microsoft: { access: `EwCQA8l6BAAU${SECRET_MARK}`, refresh: `M.C505_BAY.0.U.-${SECRET_MARK}` },
} as const;

/** Access tokens and refresh tokens that were given out. */
export class Tokens {
  readonly #access = new Map<string, AccessToken>();
  readonly #refresh = new Map<string, Grant>();
  /** Of accounts, the refresh token that `refreshTokenOf` finds, as long as it lives: a search for each of many accounts would be long. */
  readonly #usual = new Map<string, string>();
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

  issueAccess(grant: Grant, lifeSeconds: number = ACCESS_TOKEN_SECONDS): string {
    this.#dropExpired();
    const token = PREFIXES[this.providerOf(grant.account)].access + this.identifiers.next("access");
    this.#access.set(token, { ...grant, expiresAt: this.now() + lifeSeconds * 1000 });
    return token;
  }

  issueRefresh(grant: Grant): string {
    const token = PREFIXES[this.providerOf(grant.account)].refresh + this.identifiers.next("refresh");
    this.#keepRefresh(token, grant);
    return token;
  }

  /** The grant of a living access token. */
  access(token: string): AccessToken | undefined {
    const found = this.#access.get(token);
    return found && found.expiresAt > this.now() ? found : undefined;
  }

  /** Whose token it was, also when it has expired. */
  accountOfAccess(token: string): string | undefined {
    return this.#access.get(token)?.account;
  }

  refresh(token: string): Grant | undefined {
    return this.#refresh.get(token);
  }

  /** A refresh token of the account that every application may use, or undefined where none was issued. */
  refreshTokenOf(account: string): string | undefined {
    const known = this.#usual.get(account);
    if (known !== undefined && this.#refresh.has(known)) return known;
    for (const [token, grant] of this.#refresh) {
      if (grant.account === account && grant.clientId === undefined) return token;
    }
    return undefined;
  }

  /** Ends access tokens now: those of one account, or all. */
  expireAccess(account?: string): void {
    this.#revision += 1;
    for (const token of this.#access.values()) {
      if (account === undefined || token.account === account) token.expiresAt = this.now();
    }
  }

  /** A refresh token that was used up; access tokens got with it live on. */
  endRefresh(token: string): void {
    this.#revision += 1;
    this.#refresh.delete(token);
  }

  /**
   * Takes back what a token stands for and returns that; undefined where the token is unknown. With a token that was given to an
   * application goes everything that the account gave this application.
   */
  revoke(token: string): Grant | undefined {
    this.#revision += 1;
    const isRefresh = this.#refresh.has(token);
    const grant = this.#refresh.get(token) ?? this.#access.get(token);
    if (!grant) return undefined;
    this.#refresh.delete(token);
    this.#access.delete(token);
    if (grant.clientId !== undefined) this.end(grant.account, grant.clientId);
    else if (isRefresh) deleteWhere(this.#access, ({ account }) => account === grant.account);
    return grant;
  }

  /** Ends every token of an account for good, or those that one application has. */
  end(account: string, clientId?: string): void {
    this.#revision += 1;
    const isMeant = (grant: Grant) => grant.account === account && (clientId ?? grant.clientId) === grant.clientId;
    deleteWhere(this.#access, isMeant);
    deleteWhere(this.#refresh, isMeant);
  }

  clear(): void {
    this.#access.clear();
    this.#refresh.clear();
  }

  stored(): StoredTokens {
    return { access: [...this.#access], refresh: [...this.#refresh] };
  }

  restore(stored: StoredTokens): void {
    this.clear();
    for (const [token, grant] of stored.access) this.#access.set(token, grant);
    for (const [token, grant] of stored.refresh) this.#keepRefresh(token, grant);
  }

  #keepRefresh(token: string, grant: Grant): void {
    this.#refresh.set(token, grant);
    const usual = this.#usual.get(grant.account);
    const isUsualAlive = usual !== undefined && this.#refresh.has(usual);
    if (grant.clientId === undefined && !isUsualAlive) this.#usual.set(grant.account, token);
  }

  /** Keeps a long-lived simulator small: tokens that expired a day ago are of no interest to anybody. */
  #dropExpired(): void {
    const limit = this.now() - 86_400_000;
    for (const [token, { expiresAt }] of this.#access) {
      if (expiresAt > limit) return;
      this.#access.delete(token);
    }
  }
}

function deleteWhere<T>(map: Map<string, T>, isMeant: (value: T) => boolean): void {
  for (const [key, value] of map) if (isMeant(value)) map.delete(key);
}
