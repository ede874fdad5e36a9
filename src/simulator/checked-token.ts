import { createHash } from "node:crypto";

/** Tokens a client must not look into: contents with a checksum, so that anything else is told from one of ours. */

/** `purpose` keeps tokens of one kind from being taken for another. Base64, or its form for addresses. */
export function encodeChecked(purpose: string, contents: unknown, encoding: "base64" | "base64url"): string {
  const text = JSON.stringify(contents);
  return Buffer.from(checksum(purpose, text) + text).toString(encoding);
}

/** What was encoded, or null for anything that was not made by encodeChecked for the same purpose. */
export function decodeChecked(purpose: string, token: string): unknown {
  const plain = Buffer.from(token, "base64").toString();
  const text = plain.slice(8);
  return plain.slice(0, 8) === checksum(purpose, text) ? (JSON.parse(text) as unknown) : null;
}

function checksum(purpose: string, text: string): string {
  return createHash("sha256").update(`${purpose} ${text}`).digest("base64url").slice(0, 8);
}
