import type { Config } from "../config.js";
import { CredentialCipher } from "../connections/credential-cipher.js";
import { openSystemDatabase, type Database } from "../database/orm.js";
import { ChannelEnding } from "../erase/channel-ending.js";
import { ProviderHttp } from "../providers/http.js";
import { AccessTokens } from "../sync/access-tokens.js";
import { ChannelStopper } from "../sync/channel-stopper.js";
import { RequestQuotas } from "../sync/request-quotas.js";
import type { CommandDatabase } from "./command-database.js";
import { configuredProviders } from "./configured-providers.js";

/** A provider that takes longer keeps nothing from being erased. */
const requestMs = 5_000;

/** Gives `work` what ends channels at the configured providers, as the servers do. `database` is on the application's login. */
export async function withChannelEnding<T>(
  config: Config,
  { systemUrl, log }: CommandDatabase,
  { em }: Database,
  work: (channels: ChannelEnding) => Promise<T>,
): Promise<T> {
  const http = new ProviderHttp({ totalMs: requestMs });
  const systemDatabase = await openSystemDatabase(systemUrl, 1);
  try {
    const stopper = new ChannelStopper({
      tokens: new AccessTokens(em, new CredentialCipher(config.credentialKeys)),
      quotas: new RequestQuotas(systemDatabase.em),
      providers: configuredProviders(config, http),
      log,
    });
    return await work(new ChannelEnding(em, (connection, channels) => stopper.stop(connection, channels)));
  } finally {
    await systemDatabase.close();
    await http.close();
  }
}
