import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";
import type { Simulator } from "../../src/simulator/simulator.js";
import { useBrowser } from "../support/browser.js";
import { ann, bob, givenSimulator } from "./given.js";

const browser = useBrowser();

/** The application's side: every request that the browser brings to it. */
const callbacks: { method: string; parameters: URLSearchParams }[] = [];
const application = createServer((request, response) => {
  const { method = "GET", url = "/" } = request;
  if (!url.startsWith("/callback")) {
    response.writeHead(404).end();
    return;
  }
  let body = "";
  request.setEncoding("utf8").on("data", (part: string) => (body += part));
  request.on("end", () => {
    const query = new URL(url, "http://application.invalid").searchParams;
    callbacks.push({ method, parameters: method === "POST" ? new URLSearchParams(body) : query });
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Back</title><h1>Back</h1>");
  });
});
let redirectUri: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  redirectUri = `http://127.0.0.1:${(application.address() as AddressInfo).port}/callback`;
});

afterAll(async () => {
  application.closeAllConnections();
  await new Promise((resolve) => application.close(resolve));
});

beforeEach(() => {
  callbacks.length = 0;
});

/** What the application is told after the user has done something on the consent page. */
async function answered(url: string, steps: (page: Page) => Promise<void>): Promise<Record<string, string>> {
  await browser.visit(url, async (page) => {
    await steps(page);
    await page.getByRole("heading", { name: "Back", exact: true }).waitFor();
  });
  expect(callbacks).toHaveLength(1);
  const [callback] = callbacks;
  return { method: callback?.method ?? "", ...Object.fromEntries(callback?.parameters ?? []) };
}

const press = (name: string) => (page: Page) => page.getByRole("button", { name }).click();

const readEvents = "https://www.googleapis.com/auth/calendar.events.readonly";
const readList = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";

async function givenAccounts(): Promise<Simulator> {
  const simulator = await givenSimulator();
  simulator.control.addAccount(ann, { name: "Ann" });
  simulator.control.addAccount("gil@example.com", { name: "Gil" });
  simulator.control.addAccount(bob, { provider: "microsoft", name: "Bob" });
  simulator.control.addAccount("eve@example.org", { provider: "microsoft", name: "Eve" });
  return simulator;
}

async function redeemed(tokenUrl: string, code: string) {
  const client = { client_id: "app", client_secret: "secret", redirect_uri: redirectUri };
  const body = new URLSearchParams({ ...client, grant_type: "authorization_code", code });
  return (await (await fetch(tokenUrl, { method: "POST", body })).json()) as Record<string, string>;
}

function urlWith(base: string, parameters: Record<string, string>): string {
  const usual = { client_id: "app", redirect_uri: redirectUri, response_type: "code", state: 'S&"<1>' };
  return `${base}?${new URLSearchParams({ ...usual, ...parameters }).toString()}`;
}

describe("Google's consent page in a browser", () => {
  const asked = { scope: `${readEvents} ${readList}`, access_type: "offline", login_hint: ann };

  async function page(): Promise<{ simulator: Simulator; url: string }> {
    const simulator = await givenAccounts();
    return { simulator, url: urlWith(simulator.googleAuthUrl, asked) };
  }

  /** Whose tokens a code stands for. */
  async function ownerOf(simulator: Simulator, code: string): Promise<unknown> {
    const { access_token = "" } = await redeemed(simulator.googleTokenUrl, code);
    const address = `${simulator.googleApiUrl}calendar/v3/calendars/primary/events`;
    const events = await fetch(address, { headers: { authorization: `Bearer ${access_token}` } });
    return ((await events.json()) as { summary: string }).summary;
  }

  test("Allow gives the hinted account's code and everything that was asked for", async () => {
    const { simulator, url } = await page();
    const { code = "", ...answer } = await answered(url, press("Allow"));
    expect(answer).toMatchObject({ method: "GET", state: 'S&"<1>', scope: `${readEvents} ${readList}` });
    expect(await ownerOf(simulator, code)).toBe("Ann");
  });

  test("another account can be chosen", async () => {
    const { simulator, url } = await page();
    const { code = "" } = await answered(url, async (consent) => {
      await consent.getByRole("group", { name: "Choose an account" }).getByLabel("Gil").check();
      await press("Allow")(consent);
    });
    expect(await ownerOf(simulator, code)).toBe("Gil");
  });

  test("a scope that is unticked is not granted", async () => {
    const { simulator, url } = await page();
    const { code = "", scope } = await answered(url, async (consent) => {
      await consent.getByRole("checkbox", { name: "See the list of Google calendars" }).uncheck();
      await press("Allow")(consent);
    });
    expect([scope, (await redeemed(simulator.googleTokenUrl, code))["scope"]]).toEqual([readEvents, readEvents]);
  });

  test("Deny needs no account, and tells the application", async () => {
    const simulator = await givenAccounts();
    const answer = await answered(urlWith(simulator.googleAuthUrl, { scope: readEvents }), press("Deny"));
    expect(answer).toEqual({ method: "GET", error: "access_denied", state: 'S&"<1>' });
  });
});

describe("Microsoft's consent page in a browser", () => {
  const asked = { scope: "openid profile offline_access Calendars.Read", login_hint: bob };

  async function page(parameters: Record<string, string> = {}): Promise<{ simulator: Simulator; url: string }> {
    const simulator = await givenAccounts();
    return {
      simulator,
      url: urlWith(`${simulator.microsoftLoginUrl}/common/oauth2/v2.0/authorize`, { ...asked, ...parameters }),
    };
  }

  async function ownerOf(simulator: Simulator, code: string): Promise<unknown> {
    const tokens = await redeemed(`${simulator.microsoftLoginUrl}/common/oauth2/v2.0/token`, code);
    expect(tokens).toHaveProperty("refresh_token");
    const [, claims = ""] = (tokens["id_token"] ?? "").split(".");
    return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { name: string }).name;
  }

  test("Allow gives the hinted account's code", async () => {
    const { simulator, url } = await page();
    const { code = "", ...answer } = await answered(url, press("Allow"));
    expect(answer).toMatchObject({ method: "GET", state: 'S&"<1>' });
    expect(await ownerOf(simulator, code)).toBe("Bob");
  });

  test("another account can be chosen", async () => {
    const { simulator, url } = await page();
    const { code = "" } = await answered(url, async (consent) => {
      await consent.getByLabel("Eve").check();
      await press("Allow")(consent);
    });
    expect(await ownerOf(simulator, code)).toBe("Eve");
  });

  test("Deny tells the application", async () => {
    const { url } = await page();
    const answer = await answered(url, press("Deny"));
    expect(answer).toMatchObject({ error: "access_denied", error_subcode: "cancel", state: 'S&"<1>' });
  });

  test("the answer is posted as a form, where the application asks for that", async () => {
    const { simulator, url } = await page({ response_mode: "form_post" });
    const { code = "", ...answer } = await answered(url, async (consent) => {
      await press("Allow")(consent);
      await press("Continue")(consent);
    });
    expect(answer).toMatchObject({ method: "POST", state: 'S&"<1>' });
    expect(await ownerOf(simulator, code)).toBe("Bob");
  });
});

test("a consent page can be gone through with the keyboard, and says nothing to a browser's console", async () => {
  const simulator = await givenAccounts();
  const complaints: string[] = [];
  await answered(urlWith(simulator.googleAuthUrl, { scope: readEvents, login_hint: ann }), async (page) => {
    page.on("console", (message) => complaints.push(message.text()));
    await page.reload();
    expect(await page.locator(":focus").count()).toBe(0);
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    expect(await page.getByLabel("Gil").isChecked()).toBe(true);
    for (let steps = 0; steps < 3; steps += 1) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
  });
  expect(callbacks[0]?.parameters.has("code")).toBe(true);
  expect(complaints).toEqual([]);
});
