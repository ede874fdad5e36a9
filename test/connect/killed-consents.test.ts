import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { choosePort } from "../../src/database/embedded/free-port.js";
import type { Failpoint } from "../../src/failpoints.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { violations } from "../faults/lost-workers.js";
import { answerConsent } from "../simulator/consent-form.js";
import { until, type TestApp } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { firstOf } from "../support/long.js";
import { ServerProcess } from "../support/server-process.js";
import {
  beginConsent,
  beginReconnect,
  Browser,
  choose,
  connectAccount,
  consent,
  everythingStored,
  newAccount,
  reachChoice,
  startConnectApp,
  synced,
} from "./consent-flow.js";

jest.setTimeout(240_000);

/** Goes on where the killed process has stopped: a server of the same installation. */
let app: TestApp;

beforeAll(async () => {
  app = await startConnectApp();
});
afterAll(() => app.stop());

/** An API in a process of its own that dies at the failpoint, asked like the application that it stands in for. */
async function dyingApi(name: Failpoint): Promise<{ api: TestApp; server: ServerProcess }> {
  const port = String(await choosePort(null));
  const environment = { PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}` };
  const server = await ServerProcess.start(app, { roles: "api", armed: [{ name, action: "kill" }], environment });
  const api = Object.create(app, { url: { value: server.url ?? "" } }) as TestApp;
  return { api, server };
}

/** Resolves when the process is dead, whatever its client has seen of that. */
async function killed(name: Failpoint, server: ServerProcess, asked: Promise<unknown>): Promise<void> {
  await expect(asked).rejects.toThrow();
  expect(await server.ended).toBe("SIGKILL");
  expect(server.hits()).toMatchObject([{ name, action: "kill" }]);
}

async function expectNoSecrets(browser: Browser): Promise<void> {
  const stored = await everythingStored(app);
  expect(stored).not.toMatch(/1\/\/0|ya29\.|M\.C505|EwCQA8/);
  for (const secret of browser.cookies.values()) expect(stored).not.toContain(secret.split(".").at(-1));
}

function connectionsOf(account: string): Promise<{ id: string }[]> {
  return app.sql(
    `select c.id from calendar_connection c join calendar_credential k on k.connection_id = c.id
     join sync_run r on r.connection_id = c.id and r.trigger = 'CONNECT' where account_email = $1`,
    [account],
  );
}

/** In turns at one of the two providers: only what is between us and them differs, and that is tested elsewhere. */
describe("a server that dies while a calendar is connected", () => {
  test("before the caller has its address leaves nothing that anybody could go on with, and it is begun again", async () => {
    const account = newAccount(app, "GOOGLE");
    const { api, server } = await dyingApi("consent.stored");
    const browser = new Browser();
    await killed("consent.stored", server, beginConsent(api, browser, { provider: "GOOGLE" }));
    await expectNoSecrets(browser);
    expect(browser.cookies.size).toBe(0);
    await connectAccount(app, account, { provider: "GOOGLE" });
    expect(await violations(app)).toEqual([]);
  });

  test.each(
    firstOf<[Failpoint, ProviderName]>(2, [
      ["callback.state-taken", "MICROSOFT"],
      ["callback.code-exchanged", "GOOGLE"],
      ["callback.grant-stored", "MICROSOFT"],
    ]),
  )("at %s connects nothing, keeps no secret in the clear, and it is begun again (%s)", async (name, provider) => {
    const account = newAccount(app, provider);
    const { api, server } = await dyingApi(name);
    const browser = new Browser();
    const begun = await beginConsent(api, browser, { provider });
    const back = await answerConsent(begun.consentUrl, { account });
    await killed(name, server, browser.get(back));
    await expectNoSecrets(browser);
    expect(await connectionsOf(account)).toEqual([]);
    const again = await browser.get(back.href.replace(String(server.url), app.url));
    expect([again.status, again.text]).toEqual([400, expect.stringContaining("This link is not valid")]);
    await connectAccount(app, account, { provider });
    expect(await violations(app)).toEqual([]);
  });

  test.each<[Failpoint, ProviderName, number]>([
    ["choice.in-transaction", "GOOGLE", 0],
    ["choice.committed", "MICROSOFT", 1],
  ])("at %s has connected the calendar (%s) as a whole or not at all", async (name, provider, connections) => {
    const account = newAccount(app, provider);
    addEvents(app.simulator, account, 2);
    const { api, server } = await dyingApi(name);
    const browser = new Browser();
    const page = await reachChoice(api, browser, { provider, account });
    await killed(name, server, choose(browser, page));
    await expectNoSecrets(browser);
    expect(await connectionsOf(account)).toHaveLength(connections);
    const again = await choose(browser, { ...page, url: page.url.replace(String(server.url), app.url) });
    expect(again.status).toBe(connections === 0 ? 303 : 400);
    const [connection] = await connectionsOf(account);
    await synced(app, String(connection?.id));
    expect(await app.sql("select from appointment where connection_id = $1", [connection?.id])).toHaveLength(2);
    expect(await violations(app)).toEqual([]);
  });

  test.each<[Failpoint, ProviderName, string]>([
    ["reconnect.in-transaction", "MICROSOFT", "REVOKED"],
    ["reconnect.committed", "GOOGLE", "ACTIVE"],
  ])("at %s has reconnected it (%s) as a whole or not at all", async (name, provider, status) => {
    const account = newAccount(app, provider);
    const id = await connectAccount(app, account, { provider });
    await synced(app, id);
    app.simulator.control.setRevoked(account, true);
    await app.pull(id);
    const { api, server } = await dyingApi(name);
    const browser = new Browser();
    const begun = await beginReconnect(api, browser, id);
    await killed(name, server, consent(browser, begun, { account }));
    await expectNoSecrets(browser);
    expect(await statusOf(id)).toBe(status);
    if (status === "REVOKED") {
      const other = new Browser();
      await consent(other, await beginReconnect(app, other, id), { account });
    }
    await until(async () => (await newestRun(id)) === "RESYNC SUCCEEDED");
    expect(await statusOf(id)).toBe("ACTIVE");
    expect(await violations(app)).toEqual([]);
  });

  test.each(
    firstOf<[Failpoint, ProviderName]>(2, [
      ["disconnect.revoked", "GOOGLE"],
      ["disconnect.in-transaction", "MICROSOFT"],
      ["disconnect.committed", "GOOGLE"],
    ]),
  )("at %s leaves it (%s) to be disconnected again, or disconnected", async (name, provider) => {
    const account = newAccount(app, provider);
    const id = await connectAccount(app, account, { provider });
    await synced(app, id);
    const { api, server } = await dyingApi(name);
    const query = "mutation ($id: ID!) { disconnectCalendar(connectionId: $id) { statusReason } }";
    await killed(name, server, new Browser().graphql(api, await app.token("manager"), query, { id }));
    expect(await statusOf(id)).toBe(name === "disconnect.committed" ? "REVOKED" : "ACTIVE");
    expect(await violations(app)).toEqual([]);
    await app.manager(query, { id });
    expect(await app.sql("select from calendar_credential where connection_id = $1", [id])).toEqual([]);
    const ends = await app.sql(
      "select from audit_event where event_type = 'calendar_connection_disconnected' and resource_id = $1",
      [id],
    );
    expect(ends).toHaveLength(1);
    expect(await violations(app)).toEqual([]);
  });
});

async function statusOf(id: string): Promise<string> {
  const [row] = await app.sql<{ status: string }>("select status from calendar_connection where id = $1", [id]);
  return String(row?.status);
}

async function newestRun(id: string): Promise<string> {
  const [row] = await app.sql<{ run: string }>(
    "select operation || ' ' || status as run from sync_run where connection_id = $1 order by id desc limit 1",
    [id],
  );
  return String(row?.run);
}
