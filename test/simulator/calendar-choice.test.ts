import { describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { expectAnswer } from "./answer-schemas.js";
import { ann, bob, givenAnn, givenBob } from "./given.js";

const names = Array.from({ length: 12 }, (_, index) => `Team ${index + 1}`);

/** Adds them over the admin interface. */
async function givenTeams(simulator: Simulator, account: string): Promise<void> {
  for (const name of names) {
    const body = JSON.stringify({ account, id: name.toLowerCase().replace(" ", "-"), name });
    const response = await fetch(`${simulator.url}/__sim/calendars`, { method: "POST", body });
    expect(response.status).toBe(200);
  }
}

describe("the calendars of an account, from which a user chooses", () => {
  test("Google lists all of them, page by page, the account's own one as primary", async () => {
    const { simulator, client } = await givenAnn();
    await givenTeams(simulator, ann);
    const seen: string[] = [];
    let pageToken: string | undefined;
    do {
      const { data } = await client.api.calendarList.list({ maxResults: 5, ...(pageToken ? { pageToken } : {}) });
      expectAnswer("CalendarList", data);
      expect(data.items?.length).toBeLessThanOrEqual(5);
      seen.push(...(data.items ?? []).map(({ summary, primary }) => (primary ? `${summary ?? ""}*` : (summary ?? ""))));
      pageToken = data.nextPageToken ?? undefined;
    } while (pageToken !== undefined);
    expect(seen).toEqual(["Ann*", ...names]);
  });

  test("Microsoft lists all of them, page by page, the account's own one as the default", async () => {
    const { simulator, client } = await givenBob();
    await givenTeams(simulator, bob);
    const seen: string[] = [];
    let link: string | undefined = "/me/calendars";
    while (link !== undefined) {
      const page: Awaited<ReturnType<typeof client.get<"CalendarList">>> = await client.get("CalendarList", link);
      expect(page.value.length).toBeLessThanOrEqual(10);
      seen.push(...page.value.map(({ name, isDefaultCalendar }) => (isDefaultCalendar ? `${name}*` : name)));
      link = page["@odata.nextLink"];
    }
    expect(seen).toEqual(["Calendar*", ...names]);
  });
});
