import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";

/** What MSAL sends its requests with: it insists on https for an authority, which a simulator's address is not. */
export class LoginNetwork implements INetworkModule {
  readonly requests: string[] = [];

  /** `addressFor` says where a request really goes. */
  constructor(private readonly addressFor: (url: string) => string = (url) => url) {}

  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.#send(url, "GET", options);
  }

  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.#send(url, "POST", options);
  }

  async #send<T>(
    url: string,
    method: string,
    { headers, body }: NetworkRequestOptions = {},
  ): Promise<NetworkResponse<T>> {
    this.requests.push(`${method} ${new URL(url).pathname}`);
    const response = await fetch(this.addressFor(url), {
      method,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    });
    const answer = (await response.json()) as T;
    return { headers: Object.fromEntries(response.headers), body: answer, status: response.status };
  }
}
