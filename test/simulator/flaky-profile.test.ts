import { describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { ann, bob, givenBob, givenSimulator } from "./given.js";

/** What each of so many requests in a row met: a status, or the loss of its answer. */
async function met(simulator: Simulator, account: string, count: number): Promise<(number | "lost")[]> {
  const authorization = `Bearer ${simulator.control.issueAccessToken(account, { lifeSeconds: 1e6 })}`;
  const url =
    account === ann ? `${simulator.googleApiUrl}calendar/v3/calendars/primary` : `${simulator.microsoftApiUrl}/me`;
  const outcomes: (number | "lost")[] = [];
  for (let index = 0; index < count; index += 1) {
    const response = await fetch(url, { headers: { authorization } }).catch(() => null);
    await response?.text();
    outcomes.push(response?.status ?? "lost");
  }
  return outcomes;
}

async function givenFlaky(profile: string): Promise<Simulator> {
  const simulator = await givenSimulator({ profile });
  simulator.control.addAccount(ann);
  simulator.control.addAccount(bob, { provider: "microsoft" });
  return simulator;
}

describe("the flaky profile", () => {
  test("has a few 503s, bursts of 429s and lost answers for every account, most requests being left alone", async () => {
    const simulator = await givenFlaky("flaky:7");
    for (const account of [ann, bob]) {
      const outcomes = await met(simulator, account, 80);
      const count = (outcome: number | "lost") => outcomes.filter((each) => each === outcome).length;
      expect([count(503), count(429), count("lost"), count(200)]).toEqual([4, 6, 2, 68]);
      expect(outcomes.join(" ")).toMatch(/429 429 429/);
    }
  });

  test("is the same for the same seed, and another for another", async () => {
    const outcomes = async (profile: string) => met(await givenFlaky(profile), bob, 40);
    const first = await outcomes("flaky:1");
    expect(await outcomes("flaky:1")).toEqual(first);
    expect(await outcomes("flaky:2")).not.toEqual(first);
  });

  test("says when to come again, in the words of the provider", async () => {
    const simulator = await givenFlaky("flaky:7");
    const authorization = `Bearer ${simulator.control.issueAccessToken(bob)}`;
    for (;;) {
      const response = await fetch(`${simulator.microsoftApiUrl}/me`, { headers: { authorization } }).catch(() => null);
      if (response?.status !== 429) continue;
      expect(response.headers.get("retry-after")).toBe("5");
      expect(await response.json()).toMatchObject({ error: { code: "ApplicationThrottled" } });
      break;
    }
    expect(simulator.control.requests().at(-1)).toMatchObject({ status: 429, faultId: 0 });
  });

  test("carries out what it loses the answer of", async () => {
    const simulator = await givenFlaky("flaky:7");
    await met(simulator, bob, 40);
    const lost = simulator.control.requests().filter(({ status }) => status === null);
    expect(lost.length).toBeGreaterThan(0);
  });

  test("can be turned on and off at any time, leaves token requests alone, and comes after faults", async () => {
    const { simulator } = await givenBob();
    expect(await met(simulator, bob, 20)).toEqual(Array.from({ length: 20 }, () => 200));
    const profile = (body: unknown) =>
      fetch(`${simulator.url}/__sim/profile`, { method: "POST", body: JSON.stringify({ profile: body }) });
    expect((await profile("flaky:9")).status).toBe(200);
    expect(simulator.control.state().profile).toBe("flaky:9");
    const form = { grant_type: "refresh_token", client_id: "a", client_secret: "b" };
    for (let index = 0; index < 30; index += 1) {
      const body = new URLSearchParams({ ...form, refresh_token: simulator.control.refreshTokenOf(bob) });
      const response = await fetch(`${simulator.microsoftLoginUrl}/common/oauth2/v2.0/token`, { method: "POST", body });
      expect(response.status).toBe(200);
    }
    simulator.control.addFault({ times: 1, then: { status: 500 } });
    expect((await met(simulator, bob, 1))[0]).toBe(500);
    expect((await profile(null)).status).toBe(200);
    expect(await met(simulator, bob, 25)).toEqual(Array.from({ length: 25 }, () => 200));
    expect((await profile("steady")).status).toBe(400);
  });
});
