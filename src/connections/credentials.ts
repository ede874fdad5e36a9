import { sql } from "kysely";
import { inFirm } from "../database/firm-scope.js";
import type { EntityManager } from "../database/orm.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import type { CredentialCipher, CredentialPlace, EncryptedCredential } from "./credential-cipher.js";

/** A connection's tokens, in the clear: never logged, never kept. */
export interface Credentials {
  refreshToken: string;
  access: AccessToken | null;
}

export interface AccessToken {
  token: string;
  /** It is good for a minute or less, or not at all, by the database's clock. */
  isExpiring: boolean;
}

/** Stores the tokens that a consent has brought, encrypted, in place of earlier ones: nobody refreshes those any more. */
export async function storeCredentials(
  unit: UnitOfWork,
  cipher: CredentialCipher,
  connectionId: string,
  refreshToken: string,
  scopes: readonly string[],
): Promise<void> {
  const encrypted = encryptRefreshToken(cipher, unit.firmId, connectionId, refreshToken);
  await sql`
    insert into calendar_credential (firm_id, connection_id, key_version, refresh_token, scopes)
    values (${unit.firmId}, ${connectionId}, ${encrypted.keyVersion}, ${encrypted.ciphertext}, ${[...scopes]}::text[])
    on conflict (firm_id, connection_id) do update set
      key_version = excluded.key_version, refresh_token = excluded.refresh_token, scopes = excluded.scopes,
      access_token = null, access_token_expires_at = null, refresh_lease_id = null, refresh_lease_ends_at = null, updated_at = now()
  `.execute(unit.em.getKysely());
}

/** Forgets a connection's tokens. */
export async function removeCredentials(unit: UnitOfWork, connectionId: string): Promise<void> {
  await sql`
    delete from calendar_credential where firm_id = ${unit.firmId} and connection_id = ${connectionId}
  `.execute(unit.em.getKysely());
}

/** A refresh token as it is stored, for where many are stored at once. */
export function encryptRefreshToken(
  cipher: CredentialCipher,
  firmId: string,
  connectionId: string,
  refreshToken: string,
): EncryptedCredential {
  return cipher.encrypt(refreshToken, place(firmId, connectionId, "refresh_token"));
}

/** A connection's tokens as they are stored: encrypted. */
export interface StoredCredentials {
  key_version: number;
  refresh_token: Buffer;
  access_token: Buffer | null;
  is_expiring: boolean;
}

/** Of a row of `calendar_credential`. */
export const credentialColumns = sql`key_version, refresh_token, access_token,
  access_token_expires_at is null or access_token_expires_at <= now() + interval '1 minute' as is_expiring`;

/** Null where the connection has none. */
export async function readCredentials(
  em: EntityManager,
  firmId: string,
  connectionId: string,
): Promise<StoredCredentials | null> {
  const stored = sql<StoredCredentials>`
    select ${credentialColumns} from calendar_credential where firm_id = ${firmId} and connection_id = ${connectionId}
  `;
  const { rows } = await inFirm(firmId, () => prepared(em, stored));
  return rows[0] ?? null;
}

/** @throws CredentialUnreadableError */
export function openCredentials(
  cipher: CredentialCipher,
  { firmId, connectionId }: Omit<CredentialPlace, "column">,
  stored: StoredCredentials,
): Credentials {
  const open = (ciphertext: Buffer, column: string): string =>
    cipher.decrypt({ ciphertext, keyVersion: stored.key_version }, place(firmId, connectionId, column));
  return {
    refreshToken: open(stored.refresh_token, "refresh_token"),
    access: stored.access_token && { token: open(stored.access_token, "access_token"), isExpiring: stored.is_expiring },
  };
}

/**
 * Null where the connection has none.
 * @throws CredentialUnreadableError
 */
export async function loadCredentials(
  em: EntityManager,
  cipher: CredentialCipher,
  firmId: string,
  connectionId: string,
): Promise<Credentials | null> {
  const stored = await readCredentials(em, firmId, connectionId);
  return stored && openCredentials(cipher, { firmId, connectionId }, stored);
}

export interface GrantedTokens {
  refreshToken: string;
  accessToken: string;
  expiresInSeconds: number;
}

/** Replaces a connection's tokens by what `usedRefreshToken` has brought; false where they have been replaced meanwhile. */
export async function replaceCredentials(
  unit: UnitOfWork,
  cipher: CredentialCipher,
  connectionId: string,
  { usedRefreshToken, granted }: { usedRefreshToken: string; granted: GrantedTokens },
): Promise<boolean> {
  await sql`
    select from calendar_credential where firm_id = ${unit.firmId} and connection_id = ${connectionId} for update
  `.execute(unit.em.getKysely());
  const stored = await loadCredentials(unit.em, cipher, unit.firmId, connectionId);
  if (stored?.refreshToken !== usedRefreshToken) return false;
  const refresh = cipher.encrypt(granted.refreshToken, place(unit.firmId, connectionId, "refresh_token"));
  const access = cipher.encrypt(granted.accessToken, place(unit.firmId, connectionId, "access_token"));
  await sql`
    update calendar_credential set
      key_version = ${refresh.keyVersion}, refresh_token = ${refresh.ciphertext}, access_token = ${access.ciphertext},
      access_token_expires_at = ${unit.now}::timestamptz + make_interval(secs => ${granted.expiresInSeconds}),
      updated_at = ${unit.now}::timestamptz
    where firm_id = ${unit.firmId} and connection_id = ${connectionId}
  `.execute(unit.em.getKysely());
  return true;
}

function place(firmId: string, connectionId: string, column: string): CredentialPlace {
  return { firmId, connectionId, column };
}
