import { sql } from "kysely";
import { CredentialUnreadableError, type CredentialCipher } from "../connections/credential-cipher.js";
import { loadCredentials } from "../connections/credentials.js";
import type { Database } from "../database/orm.js";
import { ProviderFailure, type CalendarProvider, type ProviderName } from "../providers/provider.js";
import { AccessTokens } from "../sync/access-tokens.js";

export interface TryTokensOptions {
  /** On the application's login. */
  database: Database;
  /** On the system login. */
  systemDatabase: Database;
  cipher: CredentialCipher;
  /** Those that this configuration has an application for; the tokens of others are only read. */
  providers: ReadonlyMap<ProviderName, CalendarProvider>;
  /** Told after each token. */
  onTried?: (tried: TriedToken) => void;
}

export type TokenOutcome =
  | "ACCEPTED"
  /** The provider takes it no longer: its owner must connect the calendar again. The next pull revokes the connection. */
  | "REFUSED"
  /** It does not decrypt with these keys. */
  | "UNREADABLE"
  /** The provider did not answer, or there is no application for it. */
  | "NOT_TRIED";

export interface TriedToken {
  firmId: string;
  connectionId: string;
  provider: ProviderName;
  outcome: TokenOutcome;
  /** Why it was not accepted, as in docs/error-codes.md; null where it was, or where its provider has no application. */
  errorCode: string | null;
}

type StoredToken = Pick<TriedToken, "firmId" | "connectionId" | "provider">;

const atOnce = 4;

/**
 * Asks the providers for an access token of every active or paused connection, outside any transaction, and stores what they give, so
 * that nothing is lost where they change the refresh token with it. Changes no connection's status.
 */
export async function tryTokens(options: TryTokensOptions): Promise<TriedToken[]> {
  const tokens = new AccessTokens(options.database.em, options.cipher);
  const stored = await storedTokens(options.systemDatabase);
  const waiting = stored.values();
  const tried: TriedToken[] = [];
  const tryWaiting = async (): Promise<void> => {
    for (const token of waiting) {
      const result = { ...token, ...(await tryToken(token, tokens, options)) };
      tried.push(result);
      options.onTried?.(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, tryWaiting));
  return tried;
}

async function storedTokens({ em }: Database): Promise<StoredToken[]> {
  const { rows } = await sql<StoredToken>`
    select k.firm_id as "firmId", k.connection_id as "connectionId", c.provider
    from calendar_credential k
    join calendar_connection c on c.firm_id = k.firm_id and c.id = k.connection_id
    where c.status in ('ACTIVE', 'PAUSED') order by k.firm_id, k.connection_id
  `.execute(em.fork().getKysely());
  return rows;
}

async function tryToken(
  token: StoredToken,
  tokens: AccessTokens,
  options: TryTokensOptions,
): Promise<Pick<TriedToken, "outcome" | "errorCode">> {
  const { firmId, connectionId, provider: name } = token;
  const provider = options.providers.get(name);
  const call = { signal: new AbortController().signal, onRequest: () => undefined };
  try {
    if (!(await isReadable(token, options))) return { outcome: "UNREADABLE", errorCode: "CREDENTIALS_UNREADABLE" };
    if (!provider) return { outcome: "NOT_TRIED", errorCode: null };
    await tokens.get({ firmId, connectionId, provider, call, refused: null });
    return { outcome: "ACCEPTED", errorCode: null };
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    return { outcome: error.action.kind === "REVOKE" ? "REFUSED" : "NOT_TRIED", errorCode: error.errorCode };
  }
}

async function isReadable({ firmId, connectionId }: StoredToken, options: TryTokensOptions): Promise<boolean> {
  try {
    await loadCredentials(options.database.em, options.cipher, firmId, connectionId);
    return true;
  } catch (error) {
    if (error instanceof CredentialUnreadableError) return false;
    throw error;
  }
}
