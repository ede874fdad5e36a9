import { createHash } from "node:crypto";

/** Proof Key for Code Exchange (RFC 7636): who redeems a code is who asked for it. */
export interface CodeChallenge {
  value: string;
  method: "S256" | "plain";
}

/** `plain` is what a request without a method means. Null for a method that does not exist. */
export function challengeMethod(name: string | null): CodeChallenge["method"] | null {
  if (name === null) return "plain";
  return name === "S256" || name === "plain" ? name : null;
}

/** 43 to 128 unreserved characters, for a challenge and for its verifier. */
export function isWellFormed(text: string): boolean {
  return /^[A-Za-z0-9._~-]{43,128}$/.test(text);
}

export function isAnswered({ value, method }: CodeChallenge, verifier: string): boolean {
  return value === (method === "plain" ? verifier : createHash("sha256").update(verifier).digest("base64url"));
}
