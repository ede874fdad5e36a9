import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Page } from "playwright-core";
import type { ProviderName } from "../../src/providers/provider.js";
import type { TestApp } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { useBrowser } from "../support/browser.js";
import { newAccount, startConnectApp, synced } from "./consent-flow.js";

jest.setTimeout(120_000);

const browser = useBrowser();

/** The firm's own pages: another origin of the same site. */
const admin = createServer((request, response) => {
  const isPage = request.url?.startsWith("/calendars") ?? false;
  response.writeHead(isPage ? 200 : 404, { "content-type": "text/html" });
  response.end("<!doctype html><title>Calendars</title><h1>Calendars</h1>");
});
let origin: string;
let app: TestApp;

beforeAll(async () => {
  await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(admin.address() as AddressInfo).port}`;
  app = await startConnectApp({ environment: { CORS_ORIGINS: origin } });
});
afterAll(async () => {
  await app.stop();
  admin.closeAllConnections();
  await new Promise((resolve) => admin.close(resolve));
});

/** What a script of the open page does: asks, with cookies, and goes where the answer says. */
async function goToConsent(page: Page, wishes: { provider: ProviderName; returnUrl: string | null }): Promise<void> {
  const asked = {
    url: `${app.url}/graphql`,
    token: await app.token("manager"),
    body: JSON.stringify({
      query: `mutation ($provider: CalendarProvider!, $returnUrl: String) {
        connectCalendar(provider: $provider, ownerId: "staff-7", returnUrl: $returnUrl) { consentUrl } }`,
      variables: wishes,
    }),
  };
  const consentUrl = await page.evaluate(async ({ url, token, body }) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const response = await fetch(url, { method: "POST", credentials: "include", headers, body });
    const { data } = (await response.json()) as { data: { connectCalendar: { consentUrl: string } } };
    return data.connectCalendar.consentUrl;
  }, asked);
  await page.goto(consentUrl);
}

async function agree(page: Page, account: string): Promise<void> {
  await page.getByRole("radio", { name: account }).check();
  await page.getByRole("button", { name: "Allow" }).click();
}

async function expectSynced(id: string, appointments: number): Promise<void> {
  await synced(app, id);
  const { calendarConnection } = await app.manager<{ calendarConnection: object }>(
    "query ($id: ID!) { calendarConnection(id: $id) { status health statistics { successes } } }",
    { id },
  );
  expect(calendarConnection).toEqual({ status: "ACTIVE", health: "HEALTHY", statistics: { successes: 1 } });
  expect(await app.sql("select from appointment where connection_id = $1", [id])).toHaveLength(appointments);
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("a calendar of %s in a browser", (provider) => {
  test("is connected from a page of the admin interface and back to it, and synced", async () => {
    const account = newAccount(app, provider);
    addEvents(app.simulator, account, 3);
    await browser.visit(`${origin}/calendars`, async (page) => {
      await goToConsent(page, { provider, returnUrl: `${origin}/calendars?tab=all` });
      await agree(page, account);
      await page.getByRole("heading", { name: "Choose a calendar" }).waitFor();
      expect(page.url()).not.toMatch(/code=|state=/);
      await page.reload();
      await page.getByRole("button", { name: "Connect" }).click();
      await page.getByRole("heading", { name: "Calendars" }).waitFor();
      const { searchParams } = new URL(page.url());
      expect(searchParams.get("tab")).toBe("all");
      await expectSynced(searchParams.get("connectionId") ?? "", 3);
      expect(await page.context().cookies(app.url)).toEqual([]);
    });
  });

  test("is chosen with the keyboard alone among several, and the page that ends it says so", async () => {
    const account = newAccount(app, provider);
    const team = `team-${account}`;
    app.simulator.control.addCalendar({ account, id: team, name: "Team <b>one</b>", timeZone: "UTC" });
    await browser.visit(`${origin}/calendars`, async (page) => {
      await goToConsent(page, { provider, returnUrl: null });
      await agree(page, account);
      const chosen = page.getByRole("group", { name: "Which calendar is to be synced?" });
      await chosen.getByRole("radio", { checked: true }).focus();
      await page.keyboard.press("ArrowDown");
      expect(await chosen.getByRole("radio", { name: "Team <b>one</b>" }).isChecked()).toBe(true);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "The calendar is connected" }).waitFor();
      const id = new URL(page.url()).searchParams.get("connection") ?? "";
      await expectSynced(id, 0);
      const [row] = await app.sql("select calendar_name from calendar_connection where id = $1", [id]);
      expect(row).toEqual({ calendar_name: "Team <b>one</b>" });
    });
  });

  test("is not connected where its user declines", async () => {
    await browser.visit(`${origin}/calendars`, async (page) => {
      await goToConsent(page, { provider, returnUrl: `${origin}/calendars` });
      await page.getByRole("button", { name: "Deny" }).click();
      await page.getByRole("alert").waitFor();
      expect(await page.getByRole("heading").innerText()).toBe("Access was not granted");
      await page.getByRole("link", { name: "Back" }).click();
      await page.getByRole("heading", { name: "Calendars" }).waitFor();
    });
  });
});
