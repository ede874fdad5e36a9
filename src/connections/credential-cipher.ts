import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Key versions are stored in a smallint column. */
const MAX_KEY_VERSION = 32_767;

/** Where a credential is stored. It is bound to its place: a ciphertext copied to another row or column does not decrypt. */
export interface CredentialPlace {
  firmId: string;
  connectionId: string;
  column: string;
}

/** What is stored: nonce, ciphertext and tag in one buffer, and beside it the version of the key that made it. */
export interface EncryptedCredential {
  ciphertext: Buffer;
  keyVersion: number;
}

/** Key version → key. Keys are opaque objects, so that printing the map shows no key material. */
export type CredentialKeys = ReadonlyMap<number, KeyObject>;

/** The text of the keys is unusable. `faults` says where and why and never repeats what was written. */
export class CredentialKeysError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("; "));
    this.name = "CredentialKeysError";
    this.faults = faults;
  }
}

/** A stored credential does not decrypt: its key is missing or another one, or it was changed or moved. */
export class CredentialUnreadableError extends Error {
  readonly firmId: string;
  readonly connectionId: string;
  readonly keyVersion: number;

  constructor(place: CredentialPlace, keyVersion: number, reason: string, options?: ErrorOptions) {
    const where = `${place.column} of connection ${place.connectionId} of firm ${place.firmId}`;
    super(`Cannot decrypt ${where} with key version ${keyVersion}: ${reason}`, options);
    this.name = "CredentialUnreadableError";
    this.firmId = place.firmId;
    this.connectionId = place.connectionId;
    this.keyVersion = keyVersion;
  }
}

/**
 * Reads `1:<base64 of 32 bytes>[,2:…]`; spaces around an entry are ignored.
 * @throws CredentialKeysError with every fault at once
 */
export function parseCredentialKeys(text: string): CredentialKeys {
  const keys = new Map<number, KeyObject>();
  const faults: string[] = [];
  for (const [index, entry] of text.split(",").entries()) {
    const fault = addKey(keys, entry.trim());
    if (fault !== null) faults.push(`key ${index + 1}: ${fault}`);
  }
  if (faults.length > 0) throw new CredentialKeysError(faults);
  return keys;
}

function addKey(keys: Map<number, KeyObject>, entry: string): string | null {
  const separator = entry.indexOf(":");
  if (separator < 0) return "is not of the form VERSION:KEY";
  const versionText = entry.slice(0, separator);
  const version = Number(versionText);
  if (!/^[1-9]\d*$/.test(versionText) || version > MAX_KEY_VERSION) {
    return `its version is not a whole number from 1 to ${MAX_KEY_VERSION}`;
  }
  if (keys.has(version)) return `version ${version} is there twice`;
  const encoded = entry.slice(separator + 1);
  const key = Buffer.from(encoded, "base64");
  // Buffer.from skips what is not base64: only what encodes back to the same text was a whole key.
  if (key.length !== KEY_BYTES || key.toString("base64") !== encoded) return `is not the base64 of ${KEY_BYTES} bytes`;
  keys.set(version, createSecretKey(key));
  return null;
}

/** Encrypts and decrypts stored provider tokens with AES-256-GCM. The highest key version encrypts, every known one decrypts. */
export class CredentialCipher {
  /** The version that encrypts. */
  readonly currentKeyVersion: number;
  readonly #keys: CredentialKeys;

  constructor(keys: CredentialKeys) {
    if (keys.size === 0) throw new CredentialKeysError(["there is no key"]);
    this.#keys = keys;
    this.currentKeyVersion = Math.max(...keys.keys());
  }

  /** Whether what was encrypted with this version can be read. */
  hasKeyVersion(version: number): boolean {
    return this.#keys.has(version);
  }

  encrypt(credential: string, place: CredentialPlace): EncryptedCredential {
    const keyVersion = this.currentKeyVersion;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key(keyVersion, place), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(place, keyVersion));
    const encrypted = [nonce, cipher.update(credential, "utf8"), cipher.final()];
    return { ciphertext: Buffer.concat([...encrypted, cipher.getAuthTag()]), keyVersion };
  }

  /** @throws CredentialUnreadableError, which names the place and the key version and nothing of the content */
  decrypt({ ciphertext, keyVersion }: EncryptedCredential, place: CredentialPlace): string {
    const key = this.#key(keyVersion, place);
    if (ciphertext.length < NONCE_BYTES + TAG_BYTES) {
      throw new CredentialUnreadableError(place, keyVersion, "it is too short");
    }
    try {
      return open(ciphertext, key, associatedData(place, keyVersion));
    } catch (error) {
      throw new CredentialUnreadableError(place, keyVersion, "it was changed or moved, or the key is another one", {
        cause: error,
      });
    }
  }

  #key(version: number, place: CredentialPlace): KeyObject {
    const key = this.#keys.get(version);
    if (key === undefined) throw new CredentialUnreadableError(place, version, "there is no such key");
    return key;
  }
}

function open(ciphertext: Buffer, key: KeyObject, associated: Buffer): string {
  const nonce = ciphertext.subarray(0, NONCE_BYTES);
  const tag = ciphertext.subarray(ciphertext.length - TAG_BYTES);
  const encrypted = ciphertext.subarray(NONCE_BYTES, ciphertext.length - TAG_BYTES);
  // Without a fixed length Node accepts tags of 4 bytes, which can be guessed.
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated);
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString("utf8");
}

/** As JSON, so that no two places share the same bytes. */
function associatedData(place: CredentialPlace, keyVersion: number): Buffer {
  return Buffer.from(JSON.stringify([place.firmId, place.connectionId, place.column, keyVersion]));
}
