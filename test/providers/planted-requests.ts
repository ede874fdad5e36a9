import { expect, jest } from "@jest/globals";
import { ProviderHttp } from "../../src/providers/http.js";

/** Plants a mistake in what goes out to the provider with a method, until the mocks are restored. */
export function alterRequests(method: string, alter: (asked: Request) => Request | Promise<Request>): void {
  const original = Object.getOwnPropertyDescriptor(ProviderHttp.prototype, "fetchFor")
    ?.value as ProviderHttp["fetchFor"];
  jest.spyOn(ProviderHttp.prototype, "fetchFor").mockImplementation(function (this: ProviderHttp, call) {
    const send = original.call(this, call);
    return async (input, init) => {
      const asked = new Request(input, init);
      return send(asked.method === method ? await alter(asked) : asked);
    };
  });
}

/** A planted mistake: creations go out without what would tell the provider that they are repeated. */
export function withoutKeys(): void {
  alterRequests("POST", async (asked) => {
    const { id, transactionId, ...body } = (await asked.json()) as Record<string, unknown>;
    expect(id ?? transactionId).toEqual(expect.any(String));
    return new Request(asked, { body: JSON.stringify(body) });
  });
}
