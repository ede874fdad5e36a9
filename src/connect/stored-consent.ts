import { timingSafeEqual } from "node:crypto";
import { sql, type RawBuilder } from "kysely";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { ListedCalendar } from "../providers/consent.js";
import type { ProviderName } from "../providers/provider.js";
import { hashOfSecret } from "./firm-secret.js";

/** A consent lives so long until its state comes back, and then as long until a calendar is chosen; by the database's clock. */
const lifetime = sql`interval '10 minutes'`;

/** What a consent is for: a new connection of an owner, or one that is there. */
interface ConsentPurpose {
  provider: ProviderName;
  userId: string;
  /** Null where a connection is reconnected. */
  ownerId: string | null;
  connectionId: string | null;
  reason: string | null;
  returnUrl: string | null;
  redirectUri: string;
}

export interface NewConsent extends ConsentPurpose {
  id: string;
  state: string;
  browserSecret: string;
  codeVerifier: string;
}

/** What waits for the choice of a calendar, all of it encrypted. */
export interface PendingGrant {
  refreshToken: string;
  scopes: readonly string[];
  addresses: readonly [string, ...string[]];
  calendars: readonly ListedCalendar[];
}

export interface StoredConsent extends ConsentPurpose {
  id: string;
  /** Whether the secret is the one that the consent's browser was given. */
  isOfBrowser(secret: string | null): boolean;
}

/** Returns when it expires, as the database writes it. */
export async function storeConsent(unit: UnitOfWork, cipher: CredentialCipher, consent: NewConsent): Promise<string> {
  const { id, provider, userId, ownerId, connectionId, reason, returnUrl, redirectUri } = consent;
  const verifier = cipher.encrypt(consent.codeVerifier, place(unit, id, "code_verifier"));
  const { rows } = await sql<{ expires_at: string }>`
    insert into calendar_consent (firm_id, id, provider, user_id, owner_id, connection_id, reason, return_url, redirect_uri,
      state_hash, browser_hash, key_version, code_verifier, expires_at)
    values (${unit.firmId}, ${id}, ${provider}, ${userId}, ${ownerId}, ${connectionId}, ${reason}, ${returnUrl}, ${redirectUri},
      ${hashOfSecret(consent.state)}, ${hashOfSecret(consent.browserSecret)}, ${verifier.keyVersion}, ${verifier.ciphertext},
      now() + ${lifetime})
    returning expires_at
  `.execute(unit.em.getKysely());
  return String(rows[0]?.expires_at);
}

/** The living consent whose state has not come back yet, locked; null where there is none. */
export function consentOfState(unit: UnitOfWork, state: string): Promise<StoredConsent | null> {
  return find(unit, sql`state_hash = ${hashOfSecret(state)} and code_verifier is not null`);
}

/** The living consent that waits for the choice of a calendar, locked; null where there is none. */
export function consentOfChoice(unit: UnitOfWork, id: string): Promise<StoredConsent | null> {
  return find(unit, sql`id = ${id}::uuid and granted is not null`);
}

/** Uses the state up: it stands for nothing from now on. Returns the verifier for the code's exchange. */
export async function takeVerifier(unit: UnitOfWork, cipher: CredentialCipher, id: string): Promise<string> {
  const { ciphertext, keyVersion } = await encryptedOf(unit, id, sql`code_verifier`);
  await sql`
    update calendar_consent set code_verifier = null where firm_id = ${unit.firmId} and id = ${id}::uuid
  `.execute(unit.em.getKysely());
  return cipher.decrypt({ ciphertext, keyVersion }, place(unit, id, "code_verifier"));
}

/** Keeps what the code has brought until a calendar is chosen. False where the consent has expired and been swept meanwhile. */
export async function storeGrant(
  unit: UnitOfWork,
  cipher: CredentialCipher,
  id: string,
  grant: PendingGrant,
): Promise<boolean> {
  const { ciphertext, keyVersion } = cipher.encrypt(JSON.stringify(grant), place(unit, id, "granted"));
  const { numAffectedRows } = await sql`
    update calendar_consent set granted = ${ciphertext}, key_version = ${keyVersion}, expires_at = now() + ${lifetime}
    where firm_id = ${unit.firmId} and id = ${id}::uuid and code_verifier is null
  `.execute(unit.em.getKysely());
  return numAffectedRows === 1n;
}

export async function loadGrant(unit: UnitOfWork, cipher: CredentialCipher, id: string): Promise<PendingGrant> {
  const encrypted = await encryptedOf(unit, id, sql`granted`);
  return JSON.parse(cipher.decrypt(encrypted, place(unit, id, "granted"))) as PendingGrant;
}

export async function removeConsent(unit: UnitOfWork, id: string): Promise<void> {
  await sql`delete from calendar_consent where firm_id = ${unit.firmId} and id = ${id}::uuid`.execute(
    unit.em.getKysely(),
  );
}

interface ConsentRow {
  id: string;
  provider: ProviderName;
  user_id: string;
  owner_id: string | null;
  connection_id: string | null;
  reason: string | null;
  return_url: string | null;
  redirect_uri: string;
  browser_hash: Buffer;
}

async function find(unit: UnitOfWork, condition: RawBuilder<unknown>): Promise<StoredConsent | null> {
  const { rows } = await sql<ConsentRow>`
    select id, provider, user_id, owner_id, connection_id, reason, return_url, redirect_uri, browser_hash from calendar_consent
    where firm_id = ${unit.firmId} and expires_at > now() and ${condition} for update
  `.execute(unit.em.getKysely());
  const [row] = rows;
  if (!row) return null;
  return {
    id: row.id,
    provider: row.provider,
    userId: row.user_id,
    ownerId: row.owner_id,
    connectionId: row.connection_id,
    reason: row.reason,
    returnUrl: row.return_url,
    redirectUri: row.redirect_uri,
    isOfBrowser: (secret) => secret !== null && timingSafeEqual(hashOfSecret(secret), row.browser_hash),
  };
}

async function encryptedOf(unit: UnitOfWork, id: string, column: RawBuilder<unknown>) {
  const { rows } = await sql<{ ciphertext: Buffer; key_version: number }>`
    select ${column} as ciphertext, key_version from calendar_consent where firm_id = ${unit.firmId} and id = ${id}::uuid
  `.execute(unit.em.getKysely());
  const [row] = rows;
  if (!row) throw new Error(`Consent ${id} is gone within its transaction`);
  return { ciphertext: row.ciphertext, keyVersion: row.key_version };
}

/** The consent's id stands where a connection's would: it is a UUID, which no connection has. */
function place({ firmId }: UnitOfWork, consentId: string, column: string) {
  return { firmId, connectionId: consentId, column: `calendar_consent.${column}` };
}
