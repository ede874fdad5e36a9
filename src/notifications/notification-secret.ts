import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { CredentialKeys } from "../connections/credential-cipher.js";
import { parseId } from "../id.js";
import type { ProviderName } from "../providers/provider.js";

/** Which channel a notification is of. */
export interface ChannelPlace {
  provider: ProviderName;
  firmId: string;
  connectionId: string;
  /** A UUID, ours. */
  id: string;
}

/** No secret of ours is longer (128 characters are what Graph takes), so nothing of a longer one is looked at. */
const longestSecret = 128;
const pattern = /^(\d{1,5})\.(\d{1,19})\.(\d{1,19})\.([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})$/;

/**
 * The secret that a provider sends along with its notifications. It names firm, connection and channel, and proves by a code over them
 * that it was made here: what is forged is refused without a look into the database. The keys are derived from those that encrypt
 * stored tokens; the highest version makes secrets, every known one is recognized.
 */
export class NotificationSecrets {
  /** The version that makes secrets. */
  readonly keyVersion: number;
  readonly #keys: ReadonlyMap<number, Buffer>;

  constructor(keys: CredentialKeys) {
    this.#keys = new Map([...keys].map(([version, key]) => [version, derivedKey(key.export())]));
    this.keyVersion = Math.max(...keys.keys());
  }

  /** At most 128 characters, as many as Graph takes. */
  secretFor(place: ChannelPlace): string {
    const key = this.#keys.get(this.keyVersion);
    if (key === undefined) throw new Error("there is no key for notifications");
    const { firmId, connectionId, id } = place;
    return [this.keyVersion, firmId, connectionId, id, codeOf(key, place).toString("base64url")].join(".");
  }

  /** The channel that a secret of this provider's was made for; null for what was not made here. */
  placeOf(provider: ProviderName, secret: string): ChannelPlace | null {
    const [, version = "", firmText = "", connectionText = "", id = "", code = ""] =
      secret.length <= longestSecret ? (pattern.exec(secret) ?? []) : [];
    const [firmId, connectionId] = [parseId(firmText), parseId(connectionText)];
    const key = this.#keys.get(Number(version));
    if (firmId === null || connectionId === null || key === undefined) return null;
    const place = { provider, firmId, connectionId, id };
    return this.isCodeOf(key, place, Buffer.from(code, "base64url")) ? place : null;
  }

  /** Takes as long whichever byte differs. */
  isCodeOf(key: Buffer, place: ChannelPlace, code: Buffer): boolean {
    const expected = codeOf(key, place);
    return code.length === expected.length && timingSafeEqual(code, expected);
  }
}

function derivedKey(key: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), "calendar notifications", 32));
}

/** As JSON, so that no two places share the same bytes. */
function codeOf(key: Buffer, { provider, firmId, connectionId, id }: ChannelPlace): Buffer {
  return createHmac("sha256", key)
    .update(JSON.stringify([provider, firmId, connectionId, id]))
    .digest();
}
