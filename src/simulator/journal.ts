import { createHash } from "node:crypto";
import type { ProviderKind } from "./accounts.js";
import type { IncomingRequest } from "./answer.js";

export interface JournalEntry {
  seq: number;
  /** RFC 3339, by the simulator's clock. */
  at: string;
  provider: ProviderKind;
  method: string;
  /** Path and query; token values are redacted. */
  url: string;
  headers: Record<string, string>;
  account: string | null;
  /** SHA-256 in hex, null for an empty body. */
  bodyHash: string | null;
  /** Null while the request waits, and for ever where it got no answer. */
  status: number | null;
  /** The fault that answered or disturbed it. */
  faultId: number | null;
}

export interface JournalFilter {
  account?: string | undefined;
  provider?: ProviderKind | undefined;
  method?: string | undefined;
  /** Only entries with a higher seq. */
  since?: number | undefined;
}

const REDACTED = "[redacted]";

/** Every request that reached a provider's address, in order of arrival. Keeps the last `limit`. */
export class Journal {
  #entries: JournalEntry[] = [];
  #seq = 0;

  constructor(
    private readonly now: () => number,
    private readonly limit = 100_000,
  ) {}

  record(request: IncomingRequest, provider: ProviderKind, account: string | null): JournalEntry {
    const entry: JournalEntry = {
      seq: ++this.#seq,
      at: new Date(this.now()).toISOString(),
      provider,
      method: request.method,
      url: redactedUrl(request.url),
      headers: redactedHeaders(request.headers),
      account,
      bodyHash: request.body === "" ? null : createHash("sha256").update(request.body).digest("hex"),
      status: null,
      faultId: null,
    };
    this.#entries.push(entry);
    if (this.#entries.length > this.limit * 1.1) this.#entries = this.#entries.slice(-this.limit);
    return entry;
  }

  entries(filter: JournalFilter = {}): JournalEntry[] {
    return this.#entries.filter(
      (entry) =>
        entry.seq > (filter.since ?? 0) &&
        (filter.account ?? entry.account) === entry.account &&
        (filter.provider ?? entry.provider) === entry.provider &&
        (filter.method ?? entry.method) === entry.method,
    );
  }

  clear(): void {
    this.#entries = [];
    this.#seq = 0;
  }
}

function redactedUrl(url: URL): string {
  const shown = new URL(url);
  for (const name of ["token", "access_token", "refresh_token"]) {
    if (shown.searchParams.has(name)) shown.searchParams.set(name, REDACTED);
  }
  return shown.pathname + shown.search;
}

function redactedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return "authorization" in headers ? { ...headers, authorization: REDACTED } : { ...headers };
}
