import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import type { TestApp } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";
import { violations } from "../faults/lost-workers.js";
import {
  beginConsent,
  Browser,
  choose,
  connectAccount,
  connectionIn,
  everythingStored,
  formOf,
  newAccount,
  reachChoice,
  startConnectApp,
  synced,
} from "./consent-flow.js";

const origin = "https://admin.example.test";
let app: TestApp;

beforeAll(async () => {
  app = await startConnectApp({ environment: { CORS_ORIGINS: origin } });
});
afterEach(() => {
  app.simulator.control.clearFaults();
});
afterAll(() => app.stop());

interface Connection {
  id: string;
  provider: string;
  status: string;
  owner_id: string;
  account_email: string;
  calendar_id: string;
  calendar_name: string;
  scopes: string[];
}

async function connectionRow(id: string): Promise<Connection | undefined> {
  const [row] = await app.sql<Connection>(
    `select c.id, provider, status, owner_id, account_email, calendar_id, calendar_name, scopes
     from calendar_connection c join calendar_credential k on k.connection_id = c.id where c.id = $1`,
    [id],
  );
  return row;
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("a manager who connects a calendar of %s", (provider) => {
  test("gets a connection of the chosen calendar, which is synced at once, with who did it in the audit", async () => {
    const account = newAccount(app, provider);
    addEvents(app.simulator, account, 5);
    const browser = new Browser();
    const page = await reachChoice(app, browser, { provider, account, ownerId: provider, reason: "new colleague" });
    expect(page.status).toBe(200);
    const { calendars } = formOf(page);
    expect(calendars).toMatchObject([{ isChosen: true, isFree: true }]);

    const id = connectionIn(await choose(browser, page));
    await synced(app, id);
    expect(await connectionRow(id)).toMatchObject({
      ...{ provider, status: "ACTIVE", owner_id: provider, account_email: account },
      calendar_id: app.simulator.control.externalCalendarId(account),
      scopes: expect.arrayContaining([expect.stringMatching(/calendar/i)]) as unknown,
    });
    const { stored, provided } = await storedAndProvided(app, id);
    expect(stored).toHaveLength(5);
    expect(stored).toEqual(provided);
    const [run] = await app.sql<{ correlation_id: string }>(
      "select operation, trigger, status, requested_by_id, correlation_id from sync_run where connection_id = $1",
      [id],
    );
    expect(run).toMatchObject({
      ...{ operation: "LIST_CHANGES", trigger: "CONNECT", status: "SUCCEEDED", requested_by_id: "manager-1" },
    });
    const [event] = await app.sql(
      "select actor_id, correlation_id, metadata from audit_event where event_type = 'calendar_connection_connected' and resource_id = $1",
      [id],
    );
    expect(event).toEqual({
      ...{ actor_id: "manager-1", correlation_id: run?.correlation_id },
      metadata: { provider: provider.toLowerCase(), owner_id: provider, reason: "new colleague" },
    });
    expect(await app.sql("select from calendar_consent where owner_id = $1", [provider])).toEqual([]);
    expect(await violations(app)).toEqual([]);
  });

  test("may choose another calendar than the main one, also from the last page of the list", async () => {
    const account = newAccount(app, provider);
    for (let number = 1; number <= 260; number += 1) {
      app.simulator.control.addCalendar({
        account,
        id: `shared-${number}-${account}`,
        name: `Room ${number}`,
        timeZone: "UTC",
      });
    }
    const browser = new Browser();
    const page = await reachChoice(app, browser, { provider, account });
    const { calendars } = formOf(page);
    expect(calendars).toHaveLength(261);
    expect(calendars.filter(({ isChosen }) => isChosen)).toEqual([calendars[0]]);
    const wanted = calendars.find(({ name }) => name === "Room 260");
    const id = connectionIn(await choose(browser, page, wanted?.id));
    expect(await connectionRow(id)).toMatchObject({ calendar_id: wanted?.id, calendar_name: "Room 260" });
  });

  test("is led to the provider with PKCE, the least permissions and a state that tells nothing", async () => {
    const browser = new Browser();
    const { consentUrl } = await beginConsent(app, browser, { provider });
    const { searchParams } = new URL(consentUrl);
    expect(searchParams.get("code_challenge_method")).toBe("S256");
    expect(searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/);
    expect(searchParams.get("redirect_uri")).toBe(`${app.url}/oauth/callback`);
    expect(searchParams.get("state")).toMatch(/^1\.[\w-]{43}$/);
    const scopes = searchParams.get("scope")?.split(" ").sort();
    expect(scopes).toEqual(
      provider === "GOOGLE"
        ? [
            "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
            "https://www.googleapis.com/auth/calendar.events",
          ]
        : ["Calendars.ReadWrite", "User.Read", "offline_access", "openid", "profile"],
    );
  });

  test("leaves no state, code, verifier or token in any table that could be read", async () => {
    const account = newAccount(app, provider);
    const browser = new Browser();
    const begun = await beginConsent(app, browser, { provider });
    const state = new URL(begun.consentUrl).searchParams.get("state") ?? "";
    const cookies = [...browser.cookies.values()];
    const waiting = await everythingStored(app);
    const page = await reachChoice(app, browser, { provider, account });
    const granted = await everythingStored(app);
    await choose(browser, page);
    const secrets = [state, ...cookies, ...browser.cookies.values(), app.simulator.control.refreshTokenOf(account)];
    for (const secret of secrets.flatMap((one) => [one, one.split(".").at(-1) ?? one])) {
      for (const stored of [waiting, granted, await everythingStored(app)]) expect(stored).not.toContain(secret);
    }
    expect(granted).not.toMatch(/1\/\/0|ya29\.|M\.C505|EwCQA8/);
  });
});

describe("where the browser goes when it is done", () => {
  test("is a page that names the connection", async () => {
    const browser = new Browser();
    const done = await choose(browser, await reachChoice(app, browser, { account: newAccount(app) }));
    expect(done.status).toBe(303);
    const page = await browser.get(done.location ?? "");
    expect(page.text).toContain("The calendar is connected");
    expect(page.text).toContain(connectionIn(done));
    expect(browser.cookies.size).toBe(0);
  });

  test("is the address that was asked for, with the connection in its query", async () => {
    const browser = new Browser();
    const returnUrl = `${origin}/calendars?tab=2#list`;
    const page = await reachChoice(app, browser, { account: newAccount(app), returnUrl });
    expect(page.headers.get("content-security-policy")).toContain(`form-action 'self' ${origin};`);
    const done = await choose(browser, page);
    expect(done.location).toBe(`${origin}/calendars?tab=2&connectionId=${connectionIn(done)}#list`);
  });
});

test("a firm that has no row yet gets one with its first calendar", async () => {
  const id = await connectAccount(app, newAccount(app), { firmId: "4711" });
  expect(await app.sql("select name from firm where id = 4711")).toEqual([{ name: "Firm 4711" }]);
  expect(await app.sql("select firm_id from calendar_connection where id = $1", [id])).toEqual([{ firm_id: "4711" }]);
});

test("calendars that the firm has are shown as such, and what another firm has is not told", async () => {
  const account = newAccount(app);
  app.simulator.control.addCalendar({ account, id: `team-${account}`, name: "Team", timeZone: "UTC" });
  await connectAccount(app, account);
  await connectAccount(app, account, { firmId: "2" });
  const own = formOf(await reachChoice(app, new Browser(), { account }));
  expect(own.calendars).toMatchObject([
    { isFree: false, isChosen: false, note: "main calendar, already connected" },
    { name: "Team", isFree: true, isChosen: true, note: "" },
  ]);
  const others = formOf(await reachChoice(app, new Browser(), { account, firmId: "3" }));
  expect(others.calendars).toMatchObject([{ isFree: true }, { isFree: true }]);
});
