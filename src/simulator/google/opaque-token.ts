import { createHash } from "node:crypto";
import { decodeChecked, encodeChecked } from "../checked-token.js";
import type { PageStart } from "../page.js";

const PURPOSE = "calendar list token";

interface SyncToken {
  kind: "sync";
  /** The list it belongs to. */
  list: string;
  seq: number;
  /** Absent: `seq`. */
  formerSince?: number;
  /** The query parameters that have to stay as they were. */
  parameters: string;
}

interface PageToken extends PageStart {
  kind: "page";
  list: string;
  /** All query parameters but the page's size and token. */
  parameters: string;
}

export type OpaqueToken = SyncToken | PageToken;

export function encodeToken(token: OpaqueToken): string {
  return encodeChecked(PURPOSE, token, "base64");
}

/** Null for anything that was not made by encodeToken. */
export function decodeToken(text: string): OpaqueToken | null {
  return decodeChecked(PURPOSE, text) as OpaqueToken | null;
}

/** A short stand-in for query parameters. */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 16);
}
