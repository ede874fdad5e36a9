import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { TestApp } from "../support/app.js";
import { addEvents } from "../support/calendar.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(async () => {
  await app.stop();
});

/** The state of a connection whose calendar has refused so many access tokens in a row, whatever they were. */
async function afterRefusals(refusals: number, provider: ProviderName): Promise<string> {
  const account = `refused${refusals}.${provider}@example.com`;
  const connection = await app.connect(account, "1", provider);
  addEvents(app.simulator, account, 2);
  const then = { status: 401, body: { error: { code: provider === "GOOGLE" ? 401 : "InvalidAuthenticationToken" } } };
  app.simulator.control.addFault({ match: { account, method: "GET" }, times: refusals, then });
  await app.pull(connection);
  const [row] = await app.sql<{ state: string }>(
    `select concat_ws(' ', c.status, c.status_reason, r.status) as state from calendar_connection c
     join sync_run r on r.connection_id = c.id where c.id = $1`,
    [connection],
  );
  return String(row?.state);
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("a calendar of %s that refuses access tokens", (provider) => {
  test("is believed when it has refused three in a row: another process may have stored the second", async () => {
    expect(await afterRefusals(1, provider)).toBe("ACTIVE SUCCEEDED");
    expect(await afterRefusals(2, provider)).toBe("ACTIVE SUCCEEDED");
    expect(await afterRefusals(3, provider)).toBe("REVOKED CREDENTIALS_REFUSED HELD");
  });
});
