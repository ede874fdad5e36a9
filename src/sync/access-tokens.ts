import { setTimeout as delay } from "node:timers/promises";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import { CredentialUnreadableError } from "../connections/credential-cipher.js";
import {
  openCredentials,
  readCredentials,
  type Credentials,
  type StoredCredentials,
} from "../connections/credentials.js";
import type { EntityManager } from "../database/orm.js";
import { providerFailure } from "../providers/failure.js";
import type { CalendarProvider, ProviderCall } from "../providers/provider.js";
import { TokenRefresh } from "./token-refresh.js";

export interface TokenRequest {
  firmId: string;
  connectionId: string;
  provider: CalendarProvider;
  call: ProviderCall;
  /** An access token that the provider has just refused: another one is wanted. */
  refused: string | null;
  /** What somebody has just read of the connection, where it need not be read again. */
  stored?: StoredCredentials | null;
}

/** How often it is looked whether another process has refreshed the token. */
const lookEveryMs = 150;

/**
 * Gives access tokens of connections: the stored one as long as it is good, else a refreshed one, which is stored. However many ask, in
 * however many processes, one of them refreshes and the others get what it has stored.
 */
export class AccessTokens {
  /** Refreshes under way in this process: who comes meanwhile gets their outcome. */
  private readonly refreshing = new Map<string, Promise<string | null>>();

  constructor(
    private readonly em: EntityManager,
    private readonly cipher: CredentialCipher,
  ) {}

  /** @throws ProviderFailure */
  async get(request: TokenRequest): Promise<string> {
    try {
      return await this.find(request);
    } catch (error) {
      if (!(error instanceof CredentialUnreadableError)) throw error;
      throw providerFailure("CREDENTIALS_UNREADABLE", { action: { kind: "HOLD" }, cause: error });
    }
  }

  private async find(request: TokenRequest): Promise<string> {
    for (let stored = request.stored; ; stored = null) {
      const { refreshToken, access } = await this.load(request, stored ?? null);
      if (access && !access.isExpiring && access.token !== request.refused) return access.token;
      const refreshed = await this.refreshOnce(request, refreshToken);
      if (refreshed !== null && refreshed !== request.refused) return refreshed;
      await this.wait(request);
    }
  }

  private async load({ firmId, connectionId }: TokenRequest, known: StoredCredentials | null): Promise<Credentials> {
    const stored = known ?? (await readCredentials(this.em, firmId, connectionId));
    if (stored) return openCredentials(this.cipher, { firmId, connectionId }, stored);
    throw providerFailure("CREDENTIALS_MISSING", { action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" } });
  }

  /** Null where another process refreshes, or has, since the tokens were read. */
  private async refreshOnce(request: TokenRequest, refreshToken: string): Promise<string | null> {
    const key = `${request.firmId}:${request.connectionId}`;
    const underWay = this.refreshing.get(key);
    if (underWay) return underWay;
    const refreshed = new TokenRefresh(this.em, this.cipher, request).run(refreshToken);
    this.refreshing.set(key, refreshed);
    try {
      return await refreshed;
    } finally {
      this.refreshing.delete(key);
    }
  }

  private async wait({ call }: TokenRequest): Promise<void> {
    try {
      await delay(lookEveryMs, undefined, { signal: call.signal });
    } catch (error) {
      throw providerFailure("CALL_ABORTED", { cause: error });
    }
  }
}
