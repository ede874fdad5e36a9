import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { violations } from "../faults/lost-workers.js";
import type { TestApp } from "../support/app.js";
import { addEvent, addEvents } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";
import {
  beginReconnect,
  Browser,
  choose,
  connectAccount,
  connectionIn,
  consent,
  formOf,
  newAccount,
  reachChoice,
  startConnectApp,
  synced,
} from "./consent-flow.js";

let app: TestApp;

beforeAll(async () => {
  app = await startConnectApp();
});
afterEach(() => {
  app.simulator.control.clearFaults();
  app.simulator.control.setScenario({});
});
afterAll(() => app.stop());

interface Seen {
  status: string;
  statusReason: string | null;
  health: string;
  accountEmail: string;
  lastSyncCursor: string | null;
  statistics: { openFailures: number };
}

async function seen(id: string): Promise<Seen> {
  const { calendarConnection } = await app.manager<{ calendarConnection: Seen }>(
    `query ($id: ID!) { calendarConnection(id: $id) {
      status statusReason health accountEmail lastSyncCursor statistics { openFailures } } }`,
    { id },
  );
  return calendarConnection;
}

function runsOf(id: string): Promise<{ run: string }[]> {
  return app.sql(
    "select concat_ws(' ', operation, trigger, status) as run from sync_run where connection_id = $1 order by id",
    [id],
  );
}

function eventsOf(id: string): Promise<{ event_type: string; actor_id: string | null; metadata: object }[]> {
  return app.sql(
    `select event_type, actor_id, metadata from audit_event
     where resource_type = 'calendar_connection' and resource_id = $1 and event_type like 'calendar_connection%' order by id`,
    [id],
  );
}

/** A connection with three appointments whose account has taken the access back; its pull is held. */
async function revoked(account: string, provider: ProviderName): Promise<string> {
  addEvents(app.simulator, account, 3);
  const id = await connectAccount(app, account, { provider });
  await synced(app, id);
  app.simulator.control.setRevoked(account, true);
  await app.pull(id);
  expect(await seen(id)).toMatchObject({ status: "REVOKED", statusReason: "CREDENTIALS_REFUSED" });
  return id;
}

async function reconnect(id: string, account: string): Promise<void> {
  const browser = new Browser();
  const done = await consent(browser, await beginReconnect(app, browser, id, { reason: "agreed again" }), { account });
  expect(connectionIn(done)).toBe(id);
  expect(browser.cookies.size).toBe(0);
}

describe.each<ProviderName>(["GOOGLE", "MICROSOFT"])("a revoked connection of %s", (provider) => {
  test("is reconnected with its id and its appointments, and read anew as a whole", async () => {
    const account = newAccount(app, provider);
    const id = await revoked(account, provider);
    const appointments = await app.sql("select id from appointment where connection_id = $1 order by id", [id]);
    const [before] = await app.sql("select access_token from calendar_credential where connection_id = $1", [id]);
    addEvent(app.simulator, account, "added meanwhile", 2);

    await reconnect(id, account);
    await synced(app, id);
    expect(await seen(id)).toMatchObject({
      ...{ status: "ACTIVE", statusReason: null, health: "HEALTHY", accountEmail: account },
      statistics: { openFailures: 0 },
    });
    expect((await runsOf(id)).map(({ run }) => run)).toEqual([
      "LIST_CHANGES CONNECT SUCCEEDED",
      "LIST_CHANGES SCHEDULE CANCELLED",
      "RESYNC CONNECT SUCCEEDED",
    ]);
    const after = await app.sql("select id from appointment where connection_id = $1 order by id", [id]);
    expect(after).toEqual([...appointments, expect.anything()]);
    const { stored, provided } = await storedAndProvided(app, id);
    expect(stored).toEqual(provided);
    const [credential] = await app.sql("select access_token from calendar_credential where connection_id = $1", [id]);
    expect(credential).not.toEqual(before);
    expect((await eventsOf(id)).slice(-2)).toMatchObject([
      {
        event_type: "calendar_connection_consent_requested",
        actor_id: "manager-1",
        metadata: { reason: "agreed again" },
      },
      {
        ...{ event_type: "calendar_connection_reconnected", actor_id: "manager-1" },
        metadata: { reason: "agreed again", revoked_because: "credentials_refused", provider: provider.toLowerCase() },
      },
    ]);
    expect(await violations(app)).toEqual([]);
  });

  test("is not reconnected with another account, and stays as it is", async () => {
    const account = newAccount(app, provider);
    const id = await revoked(account, provider);
    const before = [await seen(id), await runsOf(id), await credentials(id)];
    const browser = new Browser();
    const begun = await beginReconnect(app, browser, id);
    expect(new URL(begun.consentUrl).searchParams.get("login_hint")).toBe(account);
    const page = await consent(browser, begun, { account: newAccount(app, provider) });
    expect([page.status, page.text]).toEqual([409, expect.stringContaining("This is another account")]);
    expect([await seen(id), await runsOf(id), await credentials(id)]).toEqual(before);
    expect(await app.sql("select from calendar_consent where connection_id = $1", [id])).toEqual([]);
  });

  test("is reconnected, too, where its calendar is chosen as if it were a new one", async () => {
    const account = newAccount(app, provider);
    const id = await revoked(account, provider);
    const browser = new Browser();
    const page = await reachChoice(app, browser, { provider, account, ownerId: "somebody-else" });
    expect(formOf(page).calendars).toMatchObject([
      { isFree: true, isChosen: true, note: expect.stringContaining("was connected") as unknown },
    ]);
    expect(connectionIn(await choose(browser, page))).toBe(id);
    await synced(app, id);
    expect(await seen(id)).toMatchObject({ status: "ACTIVE", health: "HEALTHY" });
    expect(await violations(app)).toEqual([]);
  });
});

function credentials(id: string): Promise<unknown[]> {
  return app.sql("select refresh_token, access_token, scopes from calendar_credential where connection_id = $1", [id]);
}

test("a connection that names its account's main calendar by an alias, or its account in other letters, is known again", async () => {
  const account = newAccount(app);
  const id = await app.connect(account);
  await app.sql("update calendar_connection set account_email = upper(account_email) where id = $1", [id]);
  const page = await reachChoice(app, new Browser(), { account });
  expect([page.status, page.text]).toEqual([409, expect.stringContaining("connected already")]);
  app.simulator.control.setRevoked(account, true);
  await app.pull(id);
  await reconnect(id, account);
  await synced(app, id);
  expect(await seen(id)).toMatchObject({ status: "ACTIVE", health: "HEALTHY" });
});

test("single appointments that were held are resynced, and a held resync goes on in place of a new one", async () => {
  const account = newAccount(app);
  const id = await revoked(account, "GOOGLE");
  const [appointment] = await app.sql<{ id: string }>("select id from appointment where connection_id = $1", [id]);
  // As if both had been asked for while the connection still looked well.
  await app.sql(
    `insert into sync_run (firm_id, connection_id, appointment_id, operation, direction, trigger, status)
     values (1, $1, $2, 'UPSERT', 'PULL', 'NOTIFICATION', 'HELD'), (1, $1, null, 'RESYNC', 'PULL', 'NOTIFICATION', 'HELD')`,
    [id, appointment?.id],
  );
  await reconnect(id, account);
  await synced(app, id);
  await app.quiet(id);
  expect((await runsOf(id)).map(({ run }) => run)).toEqual([
    "LIST_CHANGES CONNECT SUCCEEDED",
    "LIST_CHANGES SCHEDULE CANCELLED",
    "UPSERT NOTIFICATION SUCCEEDED",
    "RESYNC NOTIFICATION SUCCEEDED",
  ]);
  expect(await violations(app)).toEqual([]);
});

test("a connection whose pulls were slowed is asked as usual again", async () => {
  const account = newAccount(app);
  const id = await revoked(account, "GOOGLE");
  await app.sql("update calendar_connection set circuit_opened_at = now(), circuit_failures = 20 where id = $1", [id]);
  app.simulator.control.addFault({ match: { account, pathRegex: "/events" }, then: { delayMs: 500 } });
  await reconnect(id, account);
  const [row] = await app.sql(
    "select circuit_opened_at, circuit_failures, cursor from calendar_connection where id = $1",
    [id],
  );
  expect(row).toEqual({ circuit_opened_at: null, circuit_failures: 0, cursor: null });
  await synced(app, id);
  const types = (await eventsOf(id)).map(({ event_type: type }) => type);
  expect(types.slice(-2).sort()).toEqual(["calendar_connection_circuit_closed", "calendar_connection_reconnected"]);
});

test("of two consents for one connection the first reconnects it, and the second changes nothing", async () => {
  const account = newAccount(app);
  const id = await revoked(account, "GOOGLE");
  const [first, second] = [new Browser(), new Browser()];
  const [one, other] = [await beginReconnect(app, first, id), await beginReconnect(app, second, id)];
  expect(connectionIn(await consent(first, one, { account }))).toBe(id);
  await synced(app, id);
  const before = [await seen(id), await runsOf(id), await credentials(id)];
  const page = await consent(second, other, { account });
  expect([page.status, page.text]).toEqual([409, expect.stringContaining("already connected")]);
  expect([await seen(id), await runsOf(id), await credentials(id)]).toEqual(before);
});

test("a connection that was disconnected comes back with its appointments", async () => {
  const account = newAccount(app);
  addEvents(app.simulator, account, 3);
  const id = await connectAccount(app, account);
  await synced(app, id);
  await app.manager("mutation ($id: ID!) { disconnectCalendar(connectionId: $id) { id } }", { id });
  expect(await seen(id)).toMatchObject({ status: "REVOKED", statusReason: "DISCONNECTED", health: "ACTION_NEEDED" });
  await reconnect(id, account);
  await synced(app, id);
  expect(await seen(id)).toMatchObject({ status: "ACTIVE", health: "HEALTHY" });
  expect(await app.sql("select from appointment where connection_id = $1", [id])).toHaveLength(3);
  expect(await violations(app)).toEqual([]);
});
