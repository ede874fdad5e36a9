import pRetry from "p-retry";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import { loadCredentials, replaceCredentials, type GrantedTokens } from "../connections/credentials.js";
import { RefreshLease } from "../connections/refresh-lease.js";
import { isDatabaseUnavailable } from "../database/availability.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { ProviderFailure, type AccessGrant, type CalendarProvider, type ProviderCall } from "../providers/provider.js";

export interface RefreshRequest {
  firmId: string;
  connectionId: string;
  provider: CalendarProvider;
  call: ProviderCall;
  refused: string | null;
}

/** New tokens that cannot be stored are lost, and with them access where the provider takes each refresh token once. */
const storeForMs = 60_000;
const storeEveryMs = 200;

/**
 * Refreshes a connection's access token, once over all processes. The provider is asked outside any transaction. The refresh token that is
 * used stays stored until what it has brought is committed, so that after a crash it is tried again.
 */
export class TokenRefresh {
  private readonly lease: RefreshLease;

  constructor(
    private readonly em: EntityManager,
    private readonly cipher: CredentialCipher,
    private readonly request: RefreshRequest,
  ) {
    this.lease = new RefreshLease(em, request.firmId, request.connectionId);
  }

  /**
   * The new access token. Null where the stored tokens must be looked at again: another process refreshes them, or has since
   * `refreshToken` was read.
   * @throws ProviderFailure
   */
  async run(refreshToken: string): Promise<string | null> {
    if (!(await this.lease.take())) return null;
    try {
      if (await this.isReplaced(refreshToken)) return null;
      return await this.refresh(refreshToken);
    } finally {
      await this.lease.release();
    }
  }

  private async refresh(refreshToken: string): Promise<string | null> {
    await failpoint("token.before-asking");
    const grant = await this.ask(refreshToken);
    if (grant === null) return null;
    await failpoint("token.answered");
    const granted = { ...grant, refreshToken: grant.refreshToken ?? refreshToken };
    const isStored = await this.store(refreshToken, granted);
    await failpoint("token.committed");
    return isStored ? grant.accessToken : null;
  }

  /** Whether another process has refreshed since the tokens were read: the access token, which some providers' refresh alone replaces. */
  private async isReplaced(refreshToken: string): Promise<boolean> {
    const { firmId, connectionId, refused } = this.request;
    const stored = await loadCredentials(this.em, this.cipher, firmId, connectionId);
    if (stored?.refreshToken !== refreshToken) return true;
    return stored.access !== null && !stored.access.isExpiring && stored.access.token !== refused;
  }

  /**
   * Not broken off when its attempt ends or the process stops: an answer that nobody reads would be lost. Null where the token was
   * refused because a process that was taken to be dead has replaced it meanwhile.
   */
  private async ask(refreshToken: string): Promise<AccessGrant | null> {
    const { provider, call } = this.request;
    try {
      return await provider.refreshAccess(refreshToken, { ...call, signal: new AbortController().signal });
    } catch (error) {
      if (error instanceof ProviderFailure && error.action.kind === "REVOKE" && (await this.isReplaced(refreshToken))) {
        return null;
      }
      throw error;
    }
  }

  /** A database that is away for a moment does not cost the tokens. Returns false where others have been stored meanwhile. */
  private store(usedRefreshToken: string, granted: GrantedTokens): Promise<boolean> {
    const { firmId, connectionId } = this.request;
    const replaced = { usedRefreshToken, granted };
    const store = () =>
      unitOfWork(this.em, firmId, async (unit) => {
        const isReplaced = await replaceCredentials(unit, this.cipher, connectionId, replaced);
        await failpoint("token.in-transaction");
        return isReplaced;
      });
    return pRetry(store, {
      ...{ retries: Number.POSITIVE_INFINITY, maxRetryTime: storeForMs, minTimeout: storeEveryMs, factor: 1 },
      shouldRetry: ({ error }) => isDatabaseUnavailable(error),
    });
  }
}
