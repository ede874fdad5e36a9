/** What an account's user allowed an application. */
export interface Consent {
  account: string;
  clientId: string;
  scopes: readonly string[];
  /** A refresh token was among it. */
  isOffline: boolean;
}

/** Which applications users have allowed what, as a provider remembers it until the access is taken back. */
export class Consents {
  #consents: Consent[] = [];

  find(account: string, clientId: string): Consent | undefined {
    return this.#consents.find((consent) => consent.account === account && consent.clientId === clientId);
  }

  /** Adds to what was allowed before. */
  add(allowed: Consent): void {
    const before = this.find(allowed.account, allowed.clientId);
    this.forget(allowed.account, allowed.clientId);
    const scopes = [...new Set([...(before?.scopes ?? []), ...allowed.scopes])];
    this.#consents.push({ ...allowed, scopes, isOffline: allowed.isOffline || before?.isOffline === true });
  }

  /** Of one application, or of all. */
  forget(account: string, clientId?: string): void {
    this.#consents = this.#consents.filter(
      (consent) => consent.account !== account || (clientId ?? consent.clientId) !== consent.clientId,
    );
  }

  clear(): void {
    this.#consents = [];
  }

  stored(): readonly Consent[] {
    return this.#consents;
  }

  restore(stored: readonly Consent[]): void {
    this.#consents = [...stored];
  }
}
