import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { answerConsent } from "../simulator/consent-form.js";
import type { TestApp } from "../support/app.js";
import { loggedLines } from "../support/logged-lines.js";
import {
  beginConsent,
  Browser,
  choose,
  connectAccount,
  connectionIn,
  formOf,
  newAccount,
  reachChoice,
  startConnectApp,
  type Answered,
} from "./consent-flow.js";

const { log, lines } = loggedLines();
/** What must be in no log line: states, codes, cookies, tokens, addresses. */
const secrets: string[] = [];

let app: TestApp;

beforeAll(async () => {
  app = await startConnectApp({ log });
});
afterEach(() => {
  app.simulator.control.clearFaults();
});
afterAll(() => app.stop());

/** Everything that a consent may change for good. */
async function connected(): Promise<unknown[]> {
  return app.sql(
    `select (select count(*) from calendar_connection) as connections, (select count(*) from calendar_credential) as credentials,
       (select count(*) from sync_run) as runs, (select count(*) from firm) as firms,
       (select count(*) from audit_event where event_type <> 'calendar_connection_consent_requested') as events`,
  );
}

/** What remains of the consents that were begun: whether each waits for its state, or for a choice. */
async function remaining(): Promise<string[]> {
  const rows = await app.sql<{ stage: string }>(
    `select case when code_verifier is not null then 'asked' when granted is not null then 'granted' else 'used' end as stage
     from calendar_consent order by created_at`,
  );
  return rows.map(({ stage }) => stage);
}

/** The account of the consent that was begun last: faults are for it alone, since other connections are synced meanwhile. */
let account = "";

/** A consent whose user has agreed: where the provider sends the browser. */
async function agreed(browser: Browser, provider: ProviderName = "GOOGLE", untick: string[] = []): Promise<URL> {
  await app.sql("delete from calendar_consent");
  account = newAccount(app, provider);
  const begun = await beginConsent(app, browser, { provider });
  const back = await answerConsent(begun.consentUrl, { account, untick });
  secrets.push(account, ...browser.cookies.values(), back.searchParams.get("state") ?? "");
  secrets.push(back.searchParams.get("code") ?? account);
  return back;
}

function expectRefusal({ status, headers, html, text }: Answered, expected: number, words: string): void {
  expect({ status, text }).toEqual({ status: expected, text: expect.stringContaining(words) as unknown });
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
  );
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(html).not.toMatch(/<script|calendar_consent|select |at .*\.[tj]s/);
}

/** The callback's address with one parameter changed; null takes it away. */
function changed(url: URL, parameter: string, value: string | null): URL {
  const other = new URL(url);
  if (value === null) other.searchParams.delete(parameter);
  else other.searchParams.set(parameter, value);
  return other;
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("a browser that comes back from %s", (provider) => {
  test("with a denial is told so, and has to begin again", async () => {
    const before = await connected();
    const browser = new Browser();
    await app.sql("delete from calendar_consent");
    const begun = await beginConsent(app, browser, { provider, returnUrl: `${app.url}/calendars` });
    const answer = await answerConsent(begun.consentUrl, { account: newAccount(app, provider), decision: "deny" });
    const page = await browser.get(answer);
    expectRefusal(page, 403, "Access was not granted");
    expect(page.html.replaceAll(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code)))).toContain(
      `href="${app.url}/calendars"`,
    );
    expect(await remaining()).toEqual([]);
    expectRefusal(await browser.get(answer), 400, "This link is not valid");
    expect(await connected()).toEqual(before);
  });

  test("with a code that the provider refuses is told so, and has to begin again", async () => {
    const before = await connected();
    const browser = new Browser();
    const back = await agreed(browser, provider);
    expectRefusal(await browser.get(changed(back, "code", "made-up")), 400, "The provider does not confirm this");
    expect(await remaining()).toEqual([]);
    expectRefusal(await browser.get(back), 400, "This link is not valid");
    expect(await connected()).toEqual(before);
  });

  test.each(["token$|token\\?", "calendarList|/me\\?|/me/calendars\\?"])(
    "while the provider does not answer at /%s is told so, and may begin again",
    async (path) => {
      const before = await connected();
      const browser = new Browser();
      const back = await agreed(browser, provider);
      for (const then of [{ status: 503, body: "down" }, { destroy: true }]) {
        app.simulator.control.clearFaults();
        const url = then.status === 503 ? back : await agreed(browser, provider);
        app.simulator.control.addFault({ match: { account, pathRegex: path }, then });
        const page = await browser.get(url);
        expectRefusal(page, 503, "The provider does not answer");
        expect(page.headers.get("retry-after")).toBe("2");
        expect(await remaining()).toEqual([]);
      }
      app.simulator.control.clearFaults();
      expect(await connected()).toEqual(before);
      await connectAccount(app, newAccount(app, provider), { provider });
    },
  );

  test("from an account without a calendar is told so", async () => {
    const browser = new Browser();
    const back = await agreed(browser, provider);
    const body = provider === "GOOGLE" ? { items: [] } : { value: [] };
    app.simulator.control.addFault({
      match: { account, pathRegex: "/me/calendars\\?|calendarList" },
      then: { status: 200, body },
    });
    expectRefusal(await browser.get(back), 422, "There is no calendar");
    expect(await remaining()).toEqual([]);
  });

  test("without a refresh token is told so", async () => {
    const browser = new Browser();
    const back = await agreed(browser, provider);
    const scope =
      provider === "GOOGLE"
        ? "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.calendarlist.readonly"
        : "Calendars.ReadWrite User.Read";
    const body = { access_token: "access", expires_in: 3599, token_type: "Bearer", scope, ...identityOf(provider) };
    app.simulator.control.addFault({ match: { account, pathRegex: "token" }, then: { status: 200, body } });
    expectRefusal(await browser.get(back), 403, "Access was not granted for good");
    expect(await remaining()).toEqual([]);
  });

  test("to a server whose client secret is wrong is told that it is the server's fault", async () => {
    const browser = new Browser();
    const back = await agreed(browser, provider);
    const body = { error: "invalid_client", error_description: "secret words" };
    app.simulator.control.addFault({ match: { account, pathRegex: "token" }, then: { status: 401, body } });
    expectRefusal(await browser.get(back), 502, "The provider refuses this server");
    expect(lines.join("")).toContain('"errorCode":"INVALID_CLIENT"');
    expect(lines.join("")).not.toContain("secret words");
  });
});

/** MSAL reads who the account is out of an identity token. */
function identityOf(provider: ProviderName): object {
  if (provider === "GOOGLE") return {};
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: "subject", oid: "object", tid: "tenant", preferred_username: "somebody@example.com" };
  return { id_token: `${part({ alg: "none" })}.${part(claims)}.signature` };
}

test.each(["calendar.events", "calendar.calendarlist.readonly"])(
  "a user who leaves out the permission %s is told that it is needed, and nothing is kept",
  async (scope) => {
    const before = await connected();
    const browser = new Browser();
    const back = await agreed(browser, "GOOGLE", [`https://www.googleapis.com/auth/${scope}`]);
    expectRefusal(await browser.get(back), 403, "A permission is missing");
    expect(await remaining()).toEqual([]);
    expect(await connected()).toEqual(before);
  },
);

test("an account of Microsoft that grants less than the calendar is told that it is needed, and nothing is kept", async () => {
  const before = await connected();
  const browser = new Browser();
  const back = await agreed(browser, "MICROSOFT");
  const tokens = { access_token: "access", refresh_token: "refresh", expires_in: 3599, token_type: "Bearer" };
  const body = { ...tokens, scope: "User.Read Calendars.Read", ...identityOf("MICROSOFT") };
  app.simulator.control.addFault({ match: { account, pathRegex: "token" }, then: { status: 200, body } });
  expectRefusal(await browser.get(back), 403, "A permission is missing");
  expect(await remaining()).toEqual([]);
  expect(await connected()).toEqual(before);
});

describe("a state", () => {
  test("works once, and its second use harms nothing of what the first has brought", async () => {
    const browser = new Browser();
    const back = await agreed(browser);
    const first = await browser.get(back);
    expect(first.status).toBe(303);
    expectRefusal(await browser.get(back), 400, "This link is not valid");
    const page = { ...(await browser.get(first.location ?? "")), url: first.location ?? "" };
    expect(connectionIn(await choose(browser, page))).toMatch(/^\d+$/);
  });

  test("works once, also for requests at the same time", async () => {
    const browser = new Browser();
    const back = await agreed(browser);
    const answers = await Promise.all([1, 2, 3, 4].map(() => browser.get(back)));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400, 400, 400]);
  });

  test("that was never given out, is another firm's, or is none, answers always the same", async () => {
    const browser = new Browser();
    const back = await agreed(browser);
    const state = back.searchParams.get("state") ?? "";
    const forged = [
      `2${state.slice(1)}`,
      `1.${"A".repeat(43)}`,
      `9223372036854775807.${"A".repeat(43)}`,
      `9223372036854775808.${"A".repeat(43)}`,
      `0.${"A".repeat(43)}`,
      state.slice(2),
      `${state}x`,
      "x",
      "1' or 1=1 --",
      "<script>alert(1)</script>",
    ];
    const pages: string[] = [];
    for (const one of forged) {
      const page = await browser.get(changed(back, "state", one));
      expectRefusal(page, 400, "This link is not valid");
      pages.push(page.html);
    }
    expect(new Set(pages).size).toBe(1);
    expect((await browser.get(back)).status).toBe(303);
  });

  test("is not valid any more after ten minutes by the database's clock", async () => {
    const browser = new Browser();
    const back = await agreed(browser);
    const [row] = await app.sql(
      "select expires_at = created_at + interval '10 minutes' as lives from calendar_consent",
    );
    expect(row).toEqual({ lives: true });
    await app.sql("update calendar_consent set expires_at = now()");
    expectRefusal(await browser.get(back), 400, "This link is not valid");
  });

  test("is of no use to another browser, with or without a cookie of its own, and stays good for the right one", async () => {
    const before = await connected();
    const [browser, other] = [new Browser(), new Browser()];
    const back = await agreed(browser);
    expectRefusal(await other.get(back), 403, "This is another browser");
    const [name = ""] = browser.cookies.keys();
    for (const secret of [`1.${"A".repeat(43)}`, "", "1"]) {
      other.cookies.set(name, secret);
      expectRefusal(await other.get(back), 403, "This is another browser");
    }
    expect(await connected()).toEqual(before);
    expect((await browser.get(back)).status).toBe(303);
  });
});

describe("a request of the callback", () => {
  test("that lacks something, has it twice or is too long is refused, and uses nothing up", async () => {
    const browser = new Browser();
    const back = await agreed(browser);
    const [state, code] = [back.searchParams.get("state") ?? "", back.searchParams.get("code") ?? ""];
    const wrong: [string, string][][] = [
      [],
      [["state", state]],
      [["code", code]],
      [["state", state], ["code", ""]], // prettier-ignore
      [["state", ""], ["code", code]], // prettier-ignore
      [["state", state], ["state", state], ["code", code]], // prettier-ignore
      [["state", state], ["code", code], ["code", code]], // prettier-ignore
      [["state", state], ["code", code], ["error", "access_denied"]], // prettier-ignore
      [["state", state], ["error", "a"], ["error", "b"]], // prettier-ignore
      [["state", state], ["code", "x".repeat(5000)]], // prettier-ignore
      [["state", state], ["code", "a\0b"]], // prettier-ignore
      [["state[]", state], ["code", code]], // prettier-ignore
    ];
    for (const parameters of wrong) {
      const url = `${app.url}/oauth/callback?${new URLSearchParams(parameters).toString()}`;
      expectRefusal(await browser.get(url), 400, "This request cannot be read");
    }
    expect(await remaining()).toEqual(["asked"]);
    expect((await browser.get(back)).status).toBe(303);
  });

  test.each([
    ["server_error", 503],
    ["temporarily_unavailable", 503],
    ["consent_required", 403],
    ["invalid_scope", 502],
    ["<script>", 502],
  ])("with the provider's error %s is answered with %d, and ends the consent", async (error, status) => {
    const browser = new Browser();
    const back = await agreed(browser);
    const url = changed(changed(back, "code", null), "error", error);
    expectRefusal(await browser.get(url), status, "Nothing was connected");
    expect(await remaining()).toEqual([]);
  });

  test.each(["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
    "by %s is refused, and uses nothing up",
    async (method) => {
      const browser = new Browser();
      const back = await agreed(browser);
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(back, { method, headers: { cookie }, redirect: "manual" });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET"]);
      expect(await remaining()).toEqual(["asked"]);
    },
  );
});

describe("the choice of a calendar", () => {
  async function chosen(browser: Browser, change: (form: URLSearchParams) => void): Promise<Answered> {
    await app.sql("delete from calendar_consent");
    const page = await reachChoice(app, browser, { account: newAccount(app) });
    const { fields, calendars } = formOf(page);
    const form = new URLSearchParams({ ...fields, calendar: calendars[0]?.id ?? "" });
    change(form);
    return browser.post(new URL("choice", page.url), form);
  }

  test.each<[string, number, string, (form: URLSearchParams) => void]>([
    [
      "without the page's token",
      400,
      "cannot be read",
      (form) => {
        form.delete("token");
      },
    ],
    [
      "with another token",
      400,
      "This link is not valid",
      (form) => {
        form.set("token", "A".repeat(43));
      },
    ],
    [
      "with a token twice",
      400,
      "cannot be read",
      (form) => {
        form.append("token", "x");
      },
    ],
    [
      "without a calendar",
      400,
      "cannot be read",
      (form) => {
        form.delete("calendar");
      },
    ],
    [
      "of two calendars",
      400,
      "cannot be read",
      (form) => {
        form.append("calendar", "x");
      },
    ],
    [
      "of another consent",
      403,
      "another browser",
      (form) => {
        form.set("consent", crypto.randomUUID());
      },
    ],
    [
      "of what is no consent",
      400,
      "This link is not valid",
      (form) => {
        form.set("consent", "' or 1=1 --");
      },
    ],
    [
      "with too many fields",
      413,
      "too large",
      (form) => {
        for (let n = 0; n < 20; n += 1) form.append(`n${n}`, "x");
      },
    ],
    [
      "with a large body",
      413,
      "too large",
      (form) => {
        form.set("calendar", "x".repeat(20_000));
      },
    ],
  ])("%s is refused, and another one may be made", async (_what, status, words, change) => {
    // prettier-ignore
    const before = await connected();
    const browser = new Browser();
    expectRefusal(await chosen(browser, change), status, words);
    expect(await connected()).toEqual(before);
    expect(await remaining()).toEqual(["granted"]);
  });

  test("of a calendar that the account has not, shows the choice again", async () => {
    const before = await connected();
    const browser = new Browser();
    const page = await chosen(browser, (form) => {
      form.set("calendar", "somebody.else@example.com");
    });
    expectRefusal(page, 400, "There is no such calendar. Choose another one.");
    expect(await connected()).toEqual(before);
    const again = { ...page, url: `${app.url}/oauth/choice` };
    expect(connectionIn(await choose(browser, again))).toMatch(/^\d+$/);
  });

  test("of a calendar that the firm has by now, shows the choice again, and changes nothing", async () => {
    const account = newAccount(app);
    app.simulator.control.addCalendar({ account, id: `team-${account}`, name: "Team", timeZone: "UTC" });
    const browser = new Browser();
    const page = await reachChoice(app, browser, { account });
    await connectAccount(app, account);
    const before = await connected();
    const again = await choose(browser, page);
    expectRefusal(again, 409, "This calendar is already connected. Choose another one.");
    expect(await connected()).toEqual(before);
    expect(formOf(again).calendars).toMatchObject([{ isFree: false }, { name: "Team", isChosen: true }]);
    const id = connectionIn(await choose(browser, { ...again, url: page.url }));
    expect(await app.sql("select calendar_name from calendar_connection where id = $1", [id])).toEqual([
      { calendar_name: "Team" },
    ]);
  });

  test("where every calendar is connected says so", async () => {
    const account = newAccount(app);
    await connectAccount(app, account);
    const page = await reachChoice(app, new Browser(), { account });
    expectRefusal(page, 409, "Every calendar of this account is connected already");
    expect(page.html).not.toContain("<form");
  });

  test("made twice connects once", async () => {
    const browser = new Browser();
    const page = await reachChoice(app, browser, { account: newAccount(app) });
    const again = new Browser();
    for (const [name, value] of browser.cookies) again.cookies.set(name, value);
    const answers = await Promise.all([choose(browser, page), choose(again, page)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400]);
  });

  test("of the same calendar in two consents at once connects it once", async () => {
    const account = newAccount(app);
    const [one, other] = [new Browser(), new Browser()];
    const pages = [await reachChoice(app, one, { account }), await reachChoice(app, other, { account })] as const;
    const answers = await Promise.all([choose(one, pages[0]), choose(other, pages[1])]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
    expect(await app.sql("select from calendar_connection where account_email = $1", [account])).toHaveLength(1);
  });

  test("is not open to another browser, nor after its time", async () => {
    const browser = new Browser();
    const page = await reachChoice(app, browser, { account: newAccount(app) });
    expectRefusal(await new Browser().get(page.url), 403, "This is another browser");
    expectRefusal(await choose(new Browser(), page), 403, "This is another browser");
    expect((await browser.get(page.url)).status).toBe(200);
    await app.sql("update calendar_consent set expires_at = now()");
    expectRefusal(await browser.get(page.url), 400, "This link is not valid");
    expectRefusal(await choose(browser, page), 400, "This link is not valid");
  });

  test("takes no other form and no other method", async () => {
    const json = await fetch(`${app.url}/oauth/choice`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(json.status).toBe(415);
    for (const method of ["HEAD", "PUT", "DELETE"]) {
      const response = await fetch(`${app.url}/oauth/choice`, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, POST"]);
    }
    expect((await fetch(`${app.url}/oauth/`)).status).toBe(404);
    expect((await fetch(`${app.url}/oauth/connected?connection=x`)).status).toBe(400);
  });

  test("shows names as text, whatever they are", async () => {
    const account = newAccount(app);
    const name = `"><script>alert(1)</script><b>'&amp;`;
    app.simulator.control.addCalendar({ account, id: `"><i>-${account}`, name, timeZone: "UTC" });
    const page = await reachChoice(app, new Browser(), { account });
    expect(page.html).not.toMatch(/<script|<b>|<i>/);
    expect(formOf(page).calendars.at(-1)).toMatchObject({ id: `"><i>-${account}`, name });
  });
});

test("a calendar that vanishes between the choice and the first sync leaves a connection that says so", async () => {
  const account = newAccount(app);
  const id = `gone-${account}`;
  app.simulator.control.addCalendar({ account, id, name: "Gone", timeZone: "UTC" });
  const browser = new Browser();
  const page = await reachChoice(app, browser, { account });
  app.simulator.control.removeCalendar(account, id);
  const connection = connectionIn(await choose(browser, page, id));
  await app.quiet(connection);
  const { calendarConnection } = await app.manager<{ calendarConnection: object }>(
    "query ($id: ID!) { calendarConnection(id: $id) { status statusReason health lastFailure { errorCode remedy } } }",
    { id: connection },
  );
  expect(calendarConnection).toEqual({
    ...{ status: "REVOKED", statusReason: "CALENDAR_NOT_FOUND", health: "ACTION_NEEDED" },
    lastFailure: { errorCode: "CALENDAR_NOT_FOUND", remedy: "CHECK_CALENDAR" },
  });
});

describe("a fault of the database", () => {
  test("is answered with a page that names only the request, and is logged", async () => {
    const browser = new Browser();
    const back = await agreed(browser);
    await app.sql("alter table calendar_consent rename to calendar_consent_away");
    const page = await browser.get(back);
    await app.sql("alter table calendar_consent_away rename to calendar_consent");
    expectRefusal(page, 500, "Something went wrong");
    const requestId = page.headers.get("x-request-id") ?? "";
    expect(page.text).toContain(`Reference: ${requestId}`);
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged.find((line) => line["requestId"] === requestId && line["level"] === 50)).toMatchObject({
      err: { code: "42P01" },
    });
    expect((await browser.get(back)).status).toBe(303);
  });
});

test("a consent that is swept after its time leaves nothing behind", async () => {
  await agreed(new Browser());
  await app.sql("update calendar_consent set expires_at = now()");
  await app.sql("insert into firm (id, name) values (99, 'F') on conflict do nothing");
  for (let looks = 0; looks < 200 && (await app.sql("select from calendar_consent")).length > 0; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await remaining()).toEqual([]);
});

test("no log line holds a state, a code, a cookie, a token or an address", () => {
  const text = lines.join("");
  expect(text).toContain('"path":"/oauth/callback"');
  for (const secret of secrets.filter((one) => one !== "")) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/1\/\/0|ya29\.|M\.C505|EwCQA8|calendar-consent-|code=|state=/);
});
