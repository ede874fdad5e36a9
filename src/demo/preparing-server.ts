import { startApplication, type ApplicationOptions } from "../application.js";
import { askGraphql } from "./graphql-client.js";
import type { PreparingServer } from "./exhausted-attempt.js";
import { demoToken } from "./tokens.js";

const never = 7 * 24 * 3600;

/** A whole server on a port of its own, whose retries do not wait and which schedules no second pull. */
export async function preparingServer(options: ApplicationOptions): Promise<PreparingServer> {
  const { config } = options;
  const application = await startApplication({
    ...options,
    isWatching: false, // soon nobody would be there to be told
    config: {
      ...config,
      roles: new Set(["api", "worker", "scheduler"]),
      http: { host: "127.0.0.1", port: 0 },
      sync: { ...config.sync, intervalSeconds: never },
      retry: { maxRetries: 5, baseDelaySeconds: 1, rateLimitedDelaySeconds: 0, maxDelaySeconds: 0, jitterFactor: 0 },
    },
  });
  const token = await demoToken(config, "manager");
  return {
    ask: async (query) => {
      const { data, errors } = await askGraphql(String(application.url), token, query);
      if (errors) throw new Error(errors.map(({ message }) => message).join("; "));
      return data;
    },
    stop: () => application.stop(),
  };
}
