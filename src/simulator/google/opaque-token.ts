import { createHash } from "node:crypto";

/** Tokens a client must not look into: contents with a checksum, so that anything else is told from one of ours. */

interface SyncToken {
  kind: "sync";
  /** The list it belongs to. */
  list: string;
  seq: number;
  /** The query parameters that have to stay as they were. */
  parameters: string;
}

interface PageToken {
  kind: "page";
  list: string;
  /** All query parameters but the page's size and token. */
  parameters: string;
  place: number;
  told: number;
  /** The list's change number when the first page was asked for. */
  until: number;
  /** How many pages came before. */
  page: number;
}

export type OpaqueToken = SyncToken | PageToken;

export function encodeToken(token: OpaqueToken): string {
  const content = JSON.stringify(token);
  return Buffer.from(checksum(content) + content).toString("base64");
}

/** Null for anything that was not made by encodeToken. */
export function decodeToken(text: string): OpaqueToken | null {
  const plain = Buffer.from(text, "base64").toString();
  const content = plain.slice(8);
  if (plain.slice(0, 8) !== checksum(content)) return null;
  return JSON.parse(content) as OpaqueToken;
}

/** A short stand-in for query parameters. */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 16);
}

function checksum(content: string): string {
  return createHash("sha256").update(`calendar list token ${content}`).digest("base64url").slice(0, 8);
}
