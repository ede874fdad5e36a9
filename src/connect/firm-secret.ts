import { createHash, randomBytes } from "node:crypto";
import { parseId } from "../id.js";

const randomLength = 32;
const pattern = /^(\d{1,19})\.[A-Za-z0-9_-]{43}$/;

/**
 * A secret that names the firm whose row it opens: without the firm, row level security shows no row. Only its hash is stored, over the
 * whole of it, so that with another firm's id it opens nothing.
 */
export function newFirmSecret(firmId: string): string {
  return `${firmId}.${randomBytes(randomLength).toString("base64url")}`;
}

/** The firm that such a secret names; null for what cannot be one. */
export function firmOfSecret(secret: string): string | null {
  const [, firmId = ""] = pattern.exec(secret) ?? [];
  return parseId(firmId);
}

export function hashOfSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
