import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { ProviderName } from "../../src/providers/provider.js";
import { TestApp } from "../support/app.js";
import { at } from "../support/calendar.js";
import { storedAndProvided } from "../support/stored.js";

jest.setTimeout(60_000);

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
});

afterAll(async () => {
  await app.stop();
});

const dateOf = (day: number) => ({ date: at(day).slice(0, 10) });
const shownOn = (day: number, hour: string) => ({ dateTime: `${at(day).slice(0, 10)}T${hour}:00:00` });

/** Events of every shape, in a calendar whose zone is no whole number of hours from UTC. */
function fill(account: string): void {
  const { control } = app.simulator;
  const add = (
    title: string,
    start: Parameters<typeof control.createEvent>[1]["start"],
    end: typeof start,
    rule?: string,
  ) => control.createEvent(account, { title, start, end, ...(rule === undefined ? {} : { recurrence: [rule] }) }).id;
  add("longer than the window", { dateTime: at(-900) }, { dateTime: at(900) });
  add("without length", { dateTime: at(2) }, { dateTime: at(2) });
  add("without a zone of its own", shownOn(3, "09"), shownOn(3, "10"));
  add("two whole days", dateOf(4), dateOf(6));
  add("began long ago", shownOn(-200, "09"), shownOn(-200, "10"), "RRULE:FREQ=WEEKLY");
  add("ended long ago", shownOn(-300, "09"), shownOn(-300, "10"), "RRULE:FREQ=DAILY;COUNT=3");
}

test.each<ProviderName>(["GOOGLE", "MICROSOFT"])(
  "events of every shape are stored as %s shows them",
  async (provider) => {
    const account = `shapes.${provider.toLowerCase()}@example.com`;
    const kind = provider === "GOOGLE" ? "google" : "microsoft";
    const { control } = app.simulator;
    control.addAccount(account, { provider: kind, timeZone: "Asia/Kathmandu" });
    fill(account);
    const connection = await app.connect(account, "1", provider);
    await app.pull(connection);
    const instances = control
      .occurrences(account, new Date(at(7)), new Date(at(40)))
      .filter(({ title }) => title === "began long ago");
    expect(instances.length).toBeGreaterThan(3);
    control.updateEvent(account, String(instances[1]?.id), { start: { dateTime: at(9, 5) } });
    control.deleteEvent(account, String(instances[2]?.id));
    const past = control
      .occurrences(account, new Date(at(-301)), new Date(at(-290)))
      .filter(({ title }) => title === "ended long ago");
    control.updateEvent(account, String(past[1]?.id), {
      title: "an exception whose series lies outside",
      start: { dateTime: at(8) },
    });
    await app.pull(connection);
    const { stored, provided } = await storedAndProvided(app, connection);
    expect(stored).toEqual(provided);
    const titles = stored.map((line) => line.split("|")[1]);
    expect(new Set(titles)).toEqual(
      new Set([
        "longer than the window",
        "without length",
        "without a zone of its own",
        "two whole days",
        "began long ago",
        "an exception whose series lies outside",
      ]),
    );
    expect(stored.find((line) => line.includes("without a zone"))).toContain("T03:15:00.000Z");
  },
);
