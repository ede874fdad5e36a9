import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CredentialCipher } from "../../src/connections/credential-cipher.js";
import type { ProviderName } from "../../src/providers/provider.js";
import { verify } from "../../src/verify/verify.js";
import { TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";
import { importing } from "./importing.js";
import { given } from "./lines.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(async () => {
  await app.stop();
});

const day = 86_400_000;

/** The events that the account's calendar shows around now. */
function eventsOf(account: string) {
  const now = Date.now();
  return app.simulator.control.occurrences(account, new Date(now - 30 * day), new Date(now + 300 * day));
}

function addAccount(account: string, events: number, provider: ProviderName = "GOOGLE"): void {
  app.simulator.control.addAccount(account, { provider: provider === "GOOGLE" ? "google" : "microsoft" });
  addEvents(app.simulator, account, events);
}

function connectionLine(firmId: number, id: number, account: string, provider: ProviderName = "GOOGLE") {
  const refreshToken = app.simulator.control.refreshTokenOf(account);
  return given.connection(firmId, id, {
    account_email: account,
    provider: provider.toLowerCase(),
    refresh_token: refreshToken,
  });
}

function take(lines: readonly unknown[], intervalSeconds: number): Promise<string[]> {
  const cipher = new CredentialCipher(app.config.credentialKeys);
  return importing(app.installation.database, [lines], { cipher, intervalSeconds });
}

/** Has its first pull come now; its own moment is checked elsewhere. */
async function firstPull(connectionId: number): Promise<string> {
  await app.sql("update calendar_connection set next_pull_at = now() where id = $1", [connectionId]);
  const ours = "select status, error_code from sync_run where connection_id = $1 and not is_imported";
  await until(async () => (await app.sql(ours, [connectionId])).length > 0);
  await app.quiet(String(connectionId));
  const [run] = await app.sql<{ status: string; error_code: string | null }>(ours, [connectionId]);
  return [run?.status, run?.error_code].filter(Boolean).join(" ");
}

async function violations(): Promise<string[]> {
  const { invariants } = await verify(app.installation.database.systemUrl);
  return invariants.filter(({ count }) => count > 0).map(({ name }) => name);
}

test.each<[ProviderName, number]>([
  ["GOOGLE", 500],
  ["MICROSOFT", 600],
])(
  "the first pull of an imported connection of %s finds its appointments again: none twice, each under its id",
  async (provider, id) => {
    const account = `moving.${provider}@example.com`;
    addAccount(account, 25, provider);
    const events = eventsOf(account);
    const known = events.slice(0, 20).map(({ id: event, title, startsAt, endsAt }, index) =>
      given.appointment(1, id + index, id, {
        external_event_id: event,
        title: index === 0 ? "Old title" : title,
        starts_at: startsAt,
        ends_at: endsAt,
      }),
    );
    const soon = new Date(Date.now() + day).toISOString();
    const gone = given.appointment(1, id + 50, id, { external_event_id: "long-gone", starts_at: soon, ends_at: soon });
    const longAgo = given.appointment(1, id + 51, id, {
      external_event_id: "before",
      starts_at: "2020-01-01T09:00:00Z",
      ends_at: "2020-01-01T10:00:00Z",
    });
    const history = [given.attempt(1, id, id), given.failedAttempt(1, id + 1, id, { retry_count: 3 })];
    await take(
      [given.firm(1), connectionLine(1, id, account, provider), ...known, gone, longAgo, ...history].slice(
        provider === "GOOGLE" ? 0 : 1,
      ),
      3_600,
    );
    expect(await firstPull(id)).toBe("SUCCEEDED");

    const { stored, provided } = await storedAndProvided(app, String(id));
    expect(stored).toEqual(provided);
    const [counts] = await app.sql(
      `select count(*)::int as all, count(distinct external_event_id)::int as events, count(*) filter (where id < $1 + 20)::int as kept,
       count(*) filter (where id > $1 + 51)::int as added
     from appointment where connection_id = $1`,
      [id],
    );
    expect(counts).toEqual({ all: 27, events: 27, kept: 20, added: 5 });
    const others = await app.sql(
      "select id, status, status_reason from appointment where connection_id = $1 and id in ($1 + 50, $1 + 51) order by id",
      [id],
    );
    expect(others).toEqual([
      { id: String(id + 50), status: "CANCELLED", status_reason: "MISSING_AT_PROVIDER" },
      { id: String(id + 51), status: "CONFIRMED", status_reason: null },
    ]);
    expect(await violations()).toEqual([]);
  },
);

test("a calendar that has lost most of what was imported is not swept: the first pull is refused until a manager decides", async () => {
  const account = "emptied@example.com";
  addAccount(account, 3);
  const soon = new Date(Date.now() + day).toISOString();
  const imported = Array.from({ length: 30 }, (_, index) =>
    given.appointment(2, 700 + index, 700, { external_event_id: `gone-${index}`, starts_at: soon, ends_at: soon }),
  );
  await take([given.firm(2), connectionLine(2, 700, account), ...imported], 3_600);
  expect(await firstPull(700)).toBe("FAILED MASS_CANCEL");
  const live = await app.sql(
    "select from appointment where connection_id = 700 and status = 'CONFIRMED' and external_event_id like 'gone-%'",
  );
  expect(live).toHaveLength(30);
  expect(await violations()).toEqual([]);
});

test("imported connections are first pulled by themselves, spread over the interval", async () => {
  const ids = Array.from({ length: 40 }, (_, index) => 800 + index);
  const lines = ids.map((id) => {
    addAccount(`spread${id}@example.com`, 0);
    return connectionLine(3, id, `spread${id}@example.com`);
  });
  await take([given.firm(3), ...lines, ...ids.map((id) => given.appointment(3, id, null))], 86_400);
  const [spread] = await app.sql<{ hours: number; ahead: number }>(
    `select count(distinct date_trunc('hour', next_pull_at))::int as hours,
       count(*) filter (where next_pull_at between now() - interval '1 minute' and now() + interval '1 day')::int as ahead
     from calendar_connection where firm_id = 3`,
  );
  expect(spread?.ahead).toBe(40);
  expect(spread?.hours).toBeGreaterThan(10);
});
