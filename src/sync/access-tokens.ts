import type { CredentialCipher } from "../connections/credential-cipher.js";
import { CredentialUnreadableError } from "../connections/credential-cipher.js";
import { loadCredentials, replaceCredentials, type Credentials } from "../connections/credentials.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork } from "../database/unit-of-work.js";
import { providerFailure } from "../providers/failure.js";
import type { CalendarProvider, ProviderCall } from "../providers/provider.js";

export interface TokenRequest {
  firmId: string;
  connectionId: string;
  provider: CalendarProvider;
  call: ProviderCall;
  /** An access token that the provider has just refused: another one is wanted. */
  refused: string | null;
}

/** A token this close to its end is not used for a new page. */
const safetySeconds = 60;

/** Gives access tokens of connections: the stored one as long as it is good, else a refreshed one, which is stored. */
export class AccessTokens {
  /** Refreshes under way in this process: who comes meanwhile gets their outcome. */
  private readonly refreshing = new Map<string, Promise<string>>();

  constructor(
    private readonly em: EntityManager,
    private readonly cipher: CredentialCipher,
  ) {}

  /** @throws ProviderFailure */
  async get(request: TokenRequest): Promise<string> {
    const key = `${request.firmId}:${request.connectionId}`;
    const underWay = this.refreshing.get(key);
    if (underWay) return underWay;
    const refreshed = this.storedOrRefreshed(request);
    this.refreshing.set(key, refreshed);
    try {
      return await refreshed;
    } finally {
      this.refreshing.delete(key);
    }
  }

  private async storedOrRefreshed(request: TokenRequest): Promise<string> {
    const credentials = await this.load(request);
    const { access } = credentials;
    if (access && access.token !== request.refused && access.expiresAt.getTime() > Date.now() + safetySeconds * 1000) {
      return access.token;
    }
    return this.refresh(request, credentials);
  }

  private async load({ firmId, connectionId }: TokenRequest): Promise<Credentials> {
    try {
      const credentials = await loadCredentials(this.em, this.cipher, firmId, connectionId);
      if (credentials) return credentials;
    } catch (error) {
      if (!(error instanceof CredentialUnreadableError)) throw error;
      throw providerFailure("CREDENTIALS_UNREADABLE", { action: { kind: "HOLD" }, cause: error });
    }
    throw providerFailure("CREDENTIALS_MISSING", { action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" } });
  }

  /** The provider is asked outside any transaction. */
  private async refresh(request: TokenRequest, { refreshToken }: Credentials): Promise<string> {
    const grant = await request.provider.refreshAccess(refreshToken, request.call);
    await unitOfWork(this.em, request.firmId, (unit) =>
      replaceCredentials(unit, this.cipher, request.connectionId, {
        ...grant,
        refreshToken: grant.refreshToken ?? refreshToken,
      }),
    );
    return grant.accessToken;
  }
}
