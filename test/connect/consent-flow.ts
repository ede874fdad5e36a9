import { randomUUID } from "node:crypto";
import { choosePort } from "../../src/database/embedded/free-port.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { answerConsent, textOf, type UsersAnswer } from "../simulator/consent-form.js";
import { TestApp, type TestAppOptions, until } from "../support/app.js";

/** A server that knows its own address, as one does that calendars are connected with. */
export async function startConnectApp(options: TestAppOptions = {}): Promise<TestApp> {
  const port = String(await choosePort(null));
  const environment = { PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}`, ...options.environment };
  return TestApp.start({ ...options, environment });
}

/** A page or a redirect that a browser was answered with. */
export interface Answered {
  status: number;
  headers: Headers;
  location: string | null;
  html: string;
  /** What a reader sees of it. */
  text: string;
}

/** A browser's cookies and its requests, which follow no redirect. */
export class Browser {
  readonly cookies = new Map<string, string>();

  async get(url: string | URL): Promise<Answered> {
    return this.#send(url, { method: "GET" });
  }

  async post(url: string | URL, form: Record<string, string> | URLSearchParams): Promise<Answered> {
    return this.#send(url, { method: "POST", body: new URLSearchParams(form) });
  }

  /** Asks as a page of the admin interface would. Returns the answer's data, or its first error. */
  async graphql(
    app: Pick<TestApp, "url">,
    token: string,
    query: string,
    variables: object = {},
  ): Promise<{ data: Record<string, unknown> | null; error: { message: string; extensions: object } | null }> {
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    this.#keepCookies(response.headers);
    const { data = null, errors } = (await response.json()) as {
      data?: Record<string, unknown> | null;
      errors?: { message: string; extensions: object }[];
    };
    return { data, error: errors?.[0] ?? null };
  }

  async #send(url: string | URL, init: RequestInit): Promise<Answered> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = cookie === "" ? {} : { cookie };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    this.#keepCookies(response.headers);
    const html = await response.text();
    const location = response.headers.get("location");
    return {
      status: response.status,
      headers: response.headers,
      location: location === null ? null : new URL(location, url).href,
      html,
      text: textOf(html),
    };
  }

  #keepCookies(headers: Headers): void {
    for (const cookie of headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (cookie.includes("Max-Age=0")) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

export interface Wish {
  provider?: ProviderName;
  ownerId?: string;
  returnUrl?: string;
  reason?: string;
  firmId?: string;
}

export interface Consent {
  consentUrl: string;
  expiresAt: string;
}

const connectMutation = `mutation ($provider: CalendarProvider!, $ownerId: ID!, $returnUrl: String, $reason: String) {
  connectCalendar(provider: $provider, ownerId: $ownerId, returnUrl: $returnUrl, reason: $reason) { consentUrl expiresAt }
}`;

/** A manager of the firm asks for a consent, in that browser. */
export async function beginConsent(app: TestApp, browser: Browser, wish: Wish = {}): Promise<Consent> {
  const { firmId = "1", ...variables } = wish;
  const token = await app.token("manager", firmId);
  const asked = { provider: "GOOGLE", ownerId: "staff-7", ...variables };
  const { data, error } = await browser.graphql(app, token, connectMutation, asked);
  if (error) throw new Error(JSON.stringify(error));
  return data?.["connectCalendar"] as Consent;
}

export async function beginReconnect(
  app: TestApp,
  browser: Browser,
  connectionId: string,
  wish: Pick<Wish, "returnUrl" | "reason" | "firmId"> = {},
): Promise<Consent> {
  const { firmId = "1", ...variables } = wish;
  const query = `mutation ($connectionId: ID!, $returnUrl: String, $reason: String) {
    reconnectCalendar(connectionId: $connectionId, returnUrl: $returnUrl, reason: $reason) { consentUrl expiresAt } }`;
  const token = await app.token("manager", firmId);
  const { data, error } = await browser.graphql(app, token, query, { connectionId, ...variables });
  if (error) throw new Error(JSON.stringify(error));
  return data?.["reconnectCalendar"] as Consent;
}

/** The user's part at the provider, and the way back from there. */
export async function consent(browser: Browser, { consentUrl }: Consent, answer: UsersAnswer): Promise<Answered> {
  return browser.get(await answerConsent(consentUrl, answer));
}

/** Up to the page on which a calendar is chosen. */
export async function reachChoice(
  app: TestApp,
  browser: Browser,
  wish: Wish & UsersAnswer,
): Promise<Answered & { url: string }> {
  const { account, decision, untick, ...begun } = wish;
  const answer = {
    ...(account === undefined ? {} : { account }),
    ...(decision === undefined ? {} : { decision }),
    ...(untick === undefined ? {} : { untick }),
  };
  const back = await consent(browser, await beginConsent(app, browser, begun), answer);
  if (back.location === null) throw new Error(`No choice but ${back.status}: ${back.text}`);
  return { ...(await browser.get(back.location)), url: back.location };
}

/** A page's form: its hidden fields, and the calendars that it offers by name. */
export function formOf({ html }: Answered): { fields: Record<string, string>; calendars: OfferedCalendar[] } {
  const inputs = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  const labels = [
    ...html.matchAll(/<input type="radio" name="calendar" value="([^"]*)"([^>]*)> ([^<]*)(?:<small>([^<]*))?/g),
  ];
  return {
    fields: Object.fromEntries(inputs.map(([, name = "", value = ""]) => [name, plain(value)])),
    calendars: labels.map(([, id = "", state = "", name = "", note = ""]) => ({
      id: plain(id),
      name: plain(name),
      note,
      isChosen: state.includes("checked"),
      isFree: !state.includes("disabled"),
    })),
  };
}

export interface OfferedCalendar {
  id: string;
  name: string;
  note: string;
  isChosen: boolean;
  isFree: boolean;
}

/** Sends the page's form with its preselected calendar, or with another one. */
export function choose(browser: Browser, page: Answered & { url: string }, calendarId?: string): Promise<Answered> {
  const { fields, calendars } = formOf(page);
  const calendar = calendarId ?? calendars.find(({ isChosen }) => isChosen)?.id ?? "";
  return browser.post(new URL("choice", page.url), { ...fields, calendar });
}

/** All of it: a calendar of the account is connected. Returns the connection's id. */
export async function connectAccount(app: TestApp, account: string, wish: Wish = {}): Promise<string> {
  const browser = new Browser();
  const done = await choose(browser, await reachChoice(app, browser, { ...wish, account }));
  return connectionIn(done);
}

/** The connection that a finished consent's redirect names. */
export function connectionIn({ location, status, text }: Answered): string {
  const { searchParams } = new URL(location ?? "http://nowhere");
  const id = searchParams.get("connection") ?? searchParams.get("connectionId");
  if (id === null) throw new Error(`Not connected but ${status}: ${text}`);
  return id;
}

/** Waits until a run of the connection has succeeded or is held, and no other is under way. */
export async function synced(app: TestApp, connectionId: string): Promise<void> {
  const ended = "select from sync_run where connection_id = $1 and status in ('SUCCEEDED', 'HELD')";
  await until(async () => (await app.sql(ended, [connectionId])).length > 0);
  await app.quiet(connectionId);
}

/** An account of its own for each test, with events. */
export function newAccount(app: TestApp, provider: ProviderName = "GOOGLE"): string {
  const account = `user-${randomUUID()}@example.com`;
  app.simulator.control.addAccount(account, { provider: provider === "GOOGLE" ? "google" : "microsoft" });
  return account;
}

/** Everything that a consent may leave behind, as text. */
export async function everythingStored(app: TestApp): Promise<string> {
  const tables = await app.sql<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('public', 'pgboss', 'across_firms')`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await app.sql<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    texts.push(...rows.map(({ row }) => row));
    const columns = await app.sql<{ name: string }>(
      "select attname as name from pg_attribute where attrelid = $1::regclass and atttypid = 'bytea'::regtype and not attisdropped",
      [name],
    );
    for (const column of columns) {
      const values = await app.sql<{ value: string }>(
        `select encode(${column.name}, 'escape') as value from ${name} where ${column.name} is not null`,
      );
      texts.push(...values.map(({ value }) => value));
    }
  }
  return texts.join("\n");
}

function plain(html: string): string {
  return html.replaceAll(/&#(\d+);/g, (_entity, code: string) => String.fromCharCode(Number(code)));
}
