import type { RunQueue } from "../attempts/run-queue.js";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import type { EntityManager } from "../database/orm.js";
import type { ConsentProvider } from "../providers/consent.js";
import type { StopChannels } from "../notifications/end-channels.js";
import type { ProviderName } from "../providers/provider.js";
import type { Logger } from "pino";

/** What a process connects calendars with. */
export interface ConnectParts {
  /** Those that there is an OAuth application for. */
  providers: ReadonlyMap<ProviderName, ConsentProvider>;
  cipher: CredentialCipher;
  /** Origins to which a browser may be sent back, besides this server's own. */
  returnOrigins: readonly string[];
  /** Between two pulls of a connection. */
  intervalSeconds: number;
  /** Whether another connection, of any firm, lives on what the same account has granted. */
  isAccountShared(connection: AccountOfConnection): Promise<boolean>;
  stopChannels: StopChannels;
}

export interface AccountOfConnection {
  firmId: string;
  connectionId: string;
  provider: ProviderName;
  accountEmail: string;
}

/** The same, for one request that begins a consent. */
export interface Connecting extends ConnectParts {
  /** Where the asking browser reaches this server, without a slash at the end; null where only PUBLIC_URL could tell. */
  baseUrl: string | null;
  /** Sends a cookie along with the answer. */
  setCookie(cookie: string): void;
}

/** What the browser's own requests are answered with: nobody is signed in, the consent says for whom. */
export interface ConsentContext {
  /** The application's login. */
  em: EntityManager;
  runs: RunQueue;
  connecting: ConnectParts;
  log: Logger;
}
