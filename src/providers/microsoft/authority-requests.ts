import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";
import type { RefusedRequest } from "../classification.js";
import type { ProviderFailure } from "../provider.js";
import { microsoftFailure, refusalOf } from "./errors.js";
import { jsonOf } from "./graph.js";

const tokenRequest: RefusedRequest = { endpoint: "TOKEN", hasCursor: false, hasPageToken: false };

/** What MSAL sends its requests through: the transport of all provider requests, which knows limits and repeats nothing. */
export class AuthorityRequests implements INetworkModule {
  /** Why the last request brought nothing; MSAL tells only some of that. */
  failure: ProviderFailure | null = null;

  constructor(private readonly fetch: typeof globalThis.fetch) {}

  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.#send<T>(url, "GET", options);
  }

  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.#send<T>(url, "POST", options);
  }

  async #send<T>(
    url: string,
    method: string,
    { headers, body }: NetworkRequestOptions = {},
  ): Promise<NetworkResponse<T>> {
    try {
      const response = await this.fetch(url, {
        method,
        ...(headers ? { headers } : {}),
        ...(body === undefined ? {} : { body }),
      });
      if (!response.ok) throw await refusalOf(response, tokenRequest);
      const { status } = response;
      // MSAL says by its type parameter what it expects, and checks it.
      return { headers: Object.fromEntries(response.headers), body: (await jsonOf(response)) as T, status };
    } catch (error) {
      throw (this.failure = microsoftFailure(error));
    }
  }
}
