import { describe, expect, test } from "@jest/globals";
import type { FaultInput } from "../../src/simulator/faults.js";
import type { Simulator } from "../../src/simulator/simulator.js";
import { ann, clientOf, givenAnn, hourOn } from "./given.js";
import { refusalOf } from "./google-client.js";

function list(simulator: Simulator, signal?: AbortSignal): Promise<Response> {
  const authorization = `Bearer ${simulator.control.issueAccessToken(ann)}`;
  return fetch(`${simulator.googleApiUrl}calendar/v3/calendars/primary/events`, {
    headers: { authorization },
    ...(signal ? { signal } : {}),
  });
}

async function givenFault(fault: FaultInput): Promise<Simulator> {
  const { simulator } = await givenAnn();
  simulator.control.createEvent(ann, hourOn("2026-11-23"));
  simulator.control.addFault(fault);
  return simulator;
}

describe("a fault", () => {
  test("answers in the place of the service, as often as it was told", async () => {
    const simulator = await givenFault({
      times: 2,
      then: { status: 503, headers: { "Retry-After": "7" }, body: { error: "busy" } },
    });
    for (let time = 0; time < 2; time += 1) {
      const response = await list(simulator);
      expect([response.status, response.headers.get("retry-after"), await response.json()]).toEqual([
        503,
        "7",
        { error: "busy" },
      ]);
    }
    expect((await list(simulator)).status).toBe(200);
  });

  test("without a number of times lasts until it is cleared", async () => {
    const simulator = await givenFault({ times: null, then: { status: 500 } });
    for (let time = 0; time < 3; time += 1) expect((await list(simulator)).status).toBe(500);
    simulator.control.clearFaults();
    expect((await list(simulator)).status).toBe(200);
  });

  test("waits for the request it matches: path, method, account and how many came before", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.addAccount("bob@example.com");
    simulator.control.addFault({
      match: { provider: "google", account: ann, method: "GET", pathRegex: "/events\\?", nth: 2 },
      then: { status: 500 },
    });
    const page = { singleEvents: true };
    await clientOf(simulator, "bob@example.com").page(page);
    await client.page(page);
    await client.api.calendars.get({ calendarId: "primary" });
    expect((await refusalOf(client.page(page))).status).toBe(500);
    await client.page(page);
  });

  test("on the token endpoint is matched by the account of the token", async () => {
    const { simulator } = await givenAnn();
    simulator.control.addFault({ match: { account: ann, pathRegex: "^/google/token" }, then: { status: 503 } });
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: simulator.control.refreshTokenOf(ann),
      client_id: "a",
      client_secret: "b",
    });
    expect((await fetch(simulator.googleTokenUrl, { method: "POST", body })).status).toBe(503);
    expect((await fetch(simulator.googleTokenUrl, { method: "POST", body })).status).toBe(200);
  });

  test("before the answer leaves the deed undone, after it loses the answer only", async () => {
    const { simulator } = await givenAnn();
    const redeem = (code: string) => {
      const body = new URLSearchParams({ grant_type: "authorization_code", code, client_id: "a", client_secret: "b" });
      return fetch(simulator.googleTokenUrl, { method: "POST", body });
    };
    const [first, second] = [
      simulator.control.issueAuthorizationCode(ann),
      simulator.control.issueAuthorizationCode(ann),
    ];
    simulator.control.addFault({ when: "before", then: { destroy: true } });
    await expect(redeem(first)).rejects.toThrow();
    expect((await redeem(first)).status).toBe(200);
    simulator.control.addFault({ when: "after", then: { destroy: true } });
    await expect(redeem(second)).rejects.toThrow();
    expect((await redeem(second)).status).toBe(400);
  });

  test("may cut the body and still look complete, which the official client takes for an answer", async () => {
    const { simulator, client } = await givenAnn();
    simulator.control.createEvent(ann, hourOn("2026-11-23"));
    simulator.control.addFault({ then: { truncate: true } });
    const { status, data } = await client.api.events.list({ calendarId: "primary" });
    expect([status, typeof data]).toEqual([200, "string"]);
  });

  test("may break off in the middle of a body", async () => {
    const simulator = await givenFault({ then: { truncate: 20, destroy: true } });
    const response = await list(simulator);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test("may never answer; stopping the simulator ends that too", async () => {
    const simulator = await givenFault({ then: { hang: true } });
    await expect(list(simulator, AbortSignal.timeout(300))).rejects.toThrow();
    expect(simulator.control.requests().at(-1)).toMatchObject({ status: null });
    simulator.control.addFault({ then: { hang: true } });
    const hanging = list(simulator);
    await Promise.all([expect(hanging).rejects.toThrow(), untilJournalHas(simulator, 2).then(() => simulator.close())]);
  });

  test("may send text, other headers, padding or one byte at a time", async () => {
    const simulator = await givenFault({ then: { status: 502, body: "<html>Bad Gateway</html>" } });
    const html = await list(simulator);
    expect([html.headers.get("content-type"), await html.text()]).toEqual([
      "text/html; charset=UTF-8",
      "<html>Bad Gateway</html>",
    ]);
    simulator.control.addFault({ then: { headers: { "Content-Type": "text/plain" } } });
    const plain = await list(simulator);
    expect([plain.headers.get("content-type"), ((await plain.json()) as { items: unknown[] }).items.length]).toEqual([
      "text/plain",
      1,
    ]);
    simulator.control.addFault({ then: { padBytes: 3_000_000 } });
    expect((await (await list(simulator)).text()).length).toBeGreaterThan(3_000_000);
    simulator.control.addFault({
      when: "after",
      then: { replace: { pattern: '"(items)":', with: '"$1":[],"old_$1":' } },
    });
    expect(((await (await list(simulator)).json()) as { items: unknown[] }).items).toEqual([]);
    simulator.control.addFault({ then: { dripMs: 1, body: "slow" } });
    expect(await (await list(simulator)).text()).toBe("slow");
  });

  test("that only delays carries the request out after the delay", async () => {
    const simulator = await givenFault({ then: { delayMs: 50 } });
    const listing = list(simulator);
    await untilJournalHas(simulator, 1);
    simulator.control.createEvent(ann, hourOn("2026-11-24"));
    expect(((await (await listing).json()) as { items: unknown[] }).items).toHaveLength(2);
  });
});

async function untilJournalHas(simulator: Simulator, count: number): Promise<void> {
  while (simulator.control.requests().length < count) await new Promise((resolve) => setImmediate(resolve));
}

describe("the limit on requests", () => {
  test.each([
    [403, "userRateLimitExceeded"],
    [429, "rateLimitExceeded"],
  ] as const)("answers %i %s with the seconds to wait, for the account that is over it", async (status, reason) => {
    const { simulator, client } = await givenAnn();
    simulator.control.addAccount("bob@example.com");
    simulator.control.setThrottle({ requests: 2, perSeconds: 60, status });
    await client.page();
    simulator.control.advanceClock(20_000);
    await client.page();
    const refusal = await refusalOf(client.page());
    expect(refusal).toMatchObject({ status, reason, body: { error: { errors: [{ domain: "usageLimits" }] } } });
    expect(refusal.headers.get("retry-after")).toBe("40");
    await clientOf(simulator, "bob@example.com").page();
    simulator.control.advanceClock(40_000);
    await client.page();
  });
});

describe("the journal", () => {
  test("holds every request to a provider with what became of it, and no secret", async () => {
    const { simulator, client } = await givenAnn();
    await client.page({ singleEvents: true });
    simulator.control.addFault({ then: { status: 503 } });
    await refusalOf(client.page());
    simulator.control.addFault({ then: { destroy: true } });
    await client.page().catch(() => undefined);
    const refreshToken = simulator.control.refreshTokenOf(ann);
    await fetch(simulator.googleTokenUrl, {
      method: "POST",
      body: new URLSearchParams({ refresh_token: refreshToken }),
    });
    await fetch(`${simulator.url}/google/revoke?token=${encodeURIComponent(refreshToken)}`, { method: "POST" });
    await fetch(`${simulator.url}/__sim/state`);
    const entries = simulator.control.requests();
    expect(entries.map(({ seq, method, status, account, faultId }) => [seq, method, status, account, faultId])).toEqual(
      [
        [1, "GET", 200, ann, null],
        [2, "GET", 503, ann, 1],
        [3, "GET", null, ann, 2],
        [4, "POST", 400, ann, null],
        [5, "POST", 200, ann, null],
      ],
    );
    expect(entries[0]).toMatchObject({
      url: "/calendar/v3/calendars/primary/events?singleEvents=true",
      bodyHash: null,
      headers: { authorization: "[redacted]" },
    });
    expect(entries[3]?.bodyHash).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(entries)).not.toContain(refreshToken.slice(4));
    expect(JSON.stringify(entries)).not.toContain("ya29");
    expect(simulator.control.requests({ since: 3, method: "POST" })).toHaveLength(2);
  });
});
