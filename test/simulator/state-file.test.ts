import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { answerConsent } from "./consent-form.js";
import { ann, bob, clientOf, dayOn, givenSimulator, givenWeekly, graphClientOf, hourOn } from "./given.js";
import { immutable } from "./graph-client.js";

let folder: string;
let stateFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "simulator-"));
  stateFile = join(folder, "state.json");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function everything(simulator: Simulator): unknown {
  const { accounts, now } = simulator.control.state();
  const seen = simulator.control.occurrences(ann, new Date(0), new Date("2100-01-01"));
  return { accounts, now, seen };
}

const calendarScope = "https://www.googleapis.com/auth/calendar";

async function redeemed(simulator: Simulator, code: string): Promise<unknown> {
  const client = { client_id: "app", client_secret: "secret", redirect_uri: "http://127.0.0.1:9/" };
  const body = new URLSearchParams({ ...client, grant_type: "authorization_code", code });
  return (await fetch(simulator.googleTokenUrl, { method: "POST", body })).json();
}

describe("a simulator with a state file", () => {
  test("goes on after a restart where it stopped: events, series, deletions, tokens and the clock", async () => {
    const first = await givenSimulator({ stateFile });
    first.control.addAccount(ann, { timeZone: "Europe/Zurich" });
    const { id } = first.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=DAILY;COUNT=5"],
    });
    first.control.createEvent(ann, dayOn("2026-12-24", "2026-12-27"));
    const client = clientOf(first, ann);
    const { syncToken } = await client.list({ singleEvents: true });
    first.control.updateEvent(ann, `${id}_20261124T080000Z`, { title: "Changed" });
    first.control.updateEvent(ann, id, { recurrence: ["RRULE:FREQ=DAILY;COUNT=4"] });
    first.control.advanceClock(5000);
    const token = first.control.issueAccessToken(ann);
    const delta = await client.list({ singleEvents: true, syncToken: syncToken ?? "" });
    const before = everything(first);
    await first.close();

    const second = await givenSimulator({ stateFile });
    expect(everything(second)).toEqual(before);
    const again = await clientOf(second, ann).list({ singleEvents: true, syncToken: syncToken ?? "" });
    expect(again.items).toEqual(delta.items);
    const response = await fetch(`${second.googleApiUrl}calendar/v3/calendars/primary/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    const made = second.control.createEvent(ann, hourOn("2026-11-30"));
    expect(second.control.calendar(ann).events.filter((event) => event.id === made.id)).toHaveLength(1);
  });

  test("still knows after a restart of an exception that is gone, though not its instance", async () => {
    const first = await givenSimulator({ stateFile });
    first.control.addAccount(ann, { timeZone: "Europe/Zurich" });
    const { id } = first.control.createEvent(ann, {
      ...hourOn("2026-11-23"),
      recurrence: ["RRULE:FREQ=WEEKLY;COUNT=2"],
    });
    first.control.updateEvent(ann, `${id}_20261130T080000Z`, { title: "Changed" });
    const { syncToken } = await clientOf(first, ann).list();
    for (const hour of ["11", "09"])
      first.control.updateEvent(ann, id, { start: { dateTime: `2026-11-23T${hour}:00:00` } });
    await first.close();

    const second = await givenSimulator({ stateFile });
    const { items } = await clientOf(second, ann).list({ syncToken: syncToken ?? "" });
    expect(items.map((item) => [item.id, item.status])).toEqual([
      [id, "confirmed"],
      [`${id}_20261130T080000Z`, "cancelled"],
    ]);
  });

  test("goes on for Microsoft, too: ids, moves, states, tokens and zones", async () => {
    const first = await givenSimulator({ stateFile });
    const { control } = first;
    control.addAccount(bob, { provider: "microsoft", timeZone: "Europe/Zurich" });
    control.addCalendar({ account: bob, id: "team", name: "Team", timeZone: "UTC" });
    const { id, instances } = givenWeekly(first);
    control.cancelEvent(bob, control.createEvent(bob, hourOn("2026-11-24")).id);
    const { deltaLink } = await graphClientOf(first, bob).round();
    control.updateEvent(bob, instances[1] ?? "", { title: "Changed" });
    control.moveEvent(bob, id, "team");
    control.setTimeZone(bob, "Asia/Tokyo");
    const token = control.issueAccessToken(bob);
    const link = (simulator: Simulator) => deltaLink.replace(first.url, simulator.url);
    const round = async (simulator: Simulator, prefer: string) =>
      (await graphClientOf(simulator, bob).round(link(simulator), prefer)).items;
    const [immutableIds, usualIds] = [await round(first, immutable), await round(first, "odata.maxpagesize=50")];
    const { accounts } = control.state();
    const seen = control.occurrences(bob, new Date(0), new Date("2100-01-01"), "team");
    await first.close();

    const second = await givenSimulator({ stateFile });
    expect(second.control.state().accounts).toEqual(accounts);
    expect(second.control.occurrences(bob, new Date(0), new Date("2100-01-01"), "team")).toEqual(seen);
    expect(await round(second, immutable)).toEqual(immutableIds);
    expect(await round(second, "odata.maxpagesize=50")).toEqual(usualIds);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${second.microsoftApiUrl}/me/mailboxSettings`, { headers })).status).toBe(200);
  });

  test("remembers consents, the codes that came of them, and which were used up", async () => {
    const asked = `client_id=app&redirect_uri=http://127.0.0.1:9/&response_type=code&scope=${calendarScope}&access_type=offline`;
    const consent = async (simulator: Simulator) =>
      (await answerConsent(`${simulator.googleAuthUrl}?${asked}`, { account: ann })).searchParams.get("code") ?? "";
    const first = await givenSimulator({ stateFile });
    first.control.addAccount(ann);
    const [used, unused] = [await consent(first), await consent(first)];
    expect(await redeemed(first, used)).toHaveProperty("refresh_token");
    await first.close();

    const second = await givenSimulator({ stateFile });
    expect(await redeemed(second, used)).toMatchObject({ error: "invalid_grant" });
    expect(await redeemed(second, unused)).toHaveProperty("access_token");
    expect(await redeemed(second, await consent(second))).not.toHaveProperty("refresh_token");
  });

  test("goes on from what it saved before it knew of consents", async () => {
    const grant = { account: ann, scopes: [calendarScope] };
    const codes = [["4/0old", { ...grant, redirectUri: null }]];
    const tokens = { access: [], refresh: [["1//0old", grant]], codes };
    const account = { email: ann, provider: "google", isRevoked: false, listSeq: 0, listPrunedSeq: 0 };
    const head = { line: "head", version: 1, clockOffsetMs: 0, issued: 2, tokens };
    await writeFile(stateFile, `${JSON.stringify(head)}\n${JSON.stringify({ line: "account", account })}\n`);
    const simulator = await givenSimulator({ stateFile });
    expect(await redeemed(simulator, "4/0old")).toHaveProperty("refresh_token");
    expect(simulator.control.refreshTokenOf(ann)).toBe("1//0old");
  });

  test("saves while it runs, so that a kill loses a second at most", async () => {
    const simulator = await givenSimulator({ stateFile });
    simulator.control.addAccount(ann);
    const { id } = simulator.control.createEvent(ann, hourOn("2026-11-23"));
    const saved = () => readFile(stateFile, "utf8").catch(() => "");
    while (!(await saved()).includes(id)) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  test("keeps what it has of the calendars it is started with, and adds what is new", async () => {
    const calendar = {
      account: ann,
      id: ann,
      name: "Ann",
      timeZone: "UTC",
      events: [{ ...hourOn("2026-11-23"), id: "first" }],
    };
    const first = await givenSimulator({ stateFile, googleCalendars: [calendar] });
    first.control.cancelEvent(ann, "first");
    await first.close();
    const other = { ...calendar, account: "bob@example.com", id: "bob@example.com" };
    const second = await givenSimulator({ stateFile, googleCalendars: [calendar, other] });
    expect((await clientOf(second, ann).list()).items).toEqual([]);
    expect((await clientOf(second, "bob@example.com").list()).items).toHaveLength(1);
  });

  test("says which file it is when it cannot be read", async () => {
    await writeFile(stateFile, "not a state\n");
    await expect(givenSimulator({ stateFile })).rejects.toThrow(stateFile);
  });
});
