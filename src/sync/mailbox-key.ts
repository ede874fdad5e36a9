import { createHash } from "node:crypto";
import type { ProviderName } from "../providers/provider.js";

export interface Mailbox {
  provider: ProviderName;
  accountEmail: string;
}

/** What a provider's limits on a mailbox are kept under, whichever firms have connected it: a hash, which shows no address. */
export function mailboxKey({ provider, accountEmail }: Mailbox): string {
  return createHash("sha256").update(`${provider}:${accountEmail.toLowerCase()}`).digest("base64url").slice(0, 22);
}
