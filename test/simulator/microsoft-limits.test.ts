import { describe, expect, test } from "@jest/globals";
import type { Simulator } from "../../src/simulator/simulator.js";
import { bob, givenBob } from "./given.js";

function events(simulator: Simulator, account = bob): Promise<Response> {
  const authorization = `Bearer ${simulator.control.issueAccessToken(account)}`;
  return fetch(`${simulator.microsoftApiUrl}/me/events`, { headers: { authorization } });
}

async function errorOf(response: Response | undefined) {
  const { error } = (await response?.json()) as { error: { code: string; message: string } };
  return [response?.status, error.code, error.message, response?.headers.get("retry-after")];
}

/** Starts so many requests that the service takes long for, and ends them when the rest is done. */
async function whileUnderWay(simulator: Simulator, count: number, rest: () => Promise<void>): Promise<void> {
  const fault = simulator.control.addFault({ times: null, then: { hang: true } });
  const stop = new AbortController();
  const authorization = `Bearer ${simulator.control.issueAccessToken(bob)}`;
  const slow = Array.from({ length: count }, () =>
    fetch(`${simulator.microsoftApiUrl}/me`, { headers: { authorization }, signal: stop.signal }).catch(() => null),
  );
  while (simulator.control.requests().length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  simulator.control.clearFaults(fault.id);
  try {
    await rest();
  } finally {
    stop.abort();
    await Promise.all(slow);
  }
}

describe("a mailbox", () => {
  test("takes four requests at a time, and the fifth has to come again", async () => {
    const { simulator } = await givenBob();
    simulator.control.addAccount("eve@example.org", { provider: "microsoft" });
    await whileUnderWay(simulator, 4, async () => {
      const message = "Application is over its MailboxConcurrency limit.";
      expect(await errorOf(await events(simulator))).toEqual([429, "ApplicationThrottled", message, "1"]);
      simulator.control.setScenario({ mailboxConcurrencyStatus: 503 });
      expect(await errorOf(await events(simulator))).toEqual([503, "ApplicationThrottled", message, "1"]);
      expect((await events(simulator, "eve@example.org")).status).toBe(200);
      expect(simulator.control.requests().map(({ status }) => status)).toEqual([null, null, null, null, 429, 503, 200]);
    });
    let status = 503;
    while (status !== 200) ({ status } = await events(simulator));
  });

  test("takes three beside the one that is under way", async () => {
    const { simulator } = await givenBob();
    await whileUnderWay(simulator, 3, async () => {
      expect((await events(simulator)).status).toBe(200);
    });
  });

  test("takes so many requests in ten minutes, and says when it takes the next", async () => {
    const { simulator } = await givenBob();
    simulator.control.setMailboxLimits({ concurrent: 4, requests: 3, perSeconds: 600 });
    for (let count = 0; count < 3; count += 1) expect((await events(simulator)).status).toBe(200);
    simulator.control.advanceClock(60_000);
    const message = "Application is over its MailboxRequests limit.";
    expect(await errorOf(await events(simulator))).toEqual([429, "ApplicationThrottled", message, "540"]);
    simulator.control.advanceClock(540_000);
    expect((await events(simulator)).status).toBe(200);
  });

  test("takes ten thousand as it is", async () => {
    const { simulator } = await givenBob();
    expect(simulator.control.state().mailboxLimits).toEqual({ concurrent: 4, requests: 10_000, perSeconds: 600 });
    simulator.control.setMailboxLimits({ concurrent: 1, requests: 0, perSeconds: 1 });
    expect((await events(simulator)).status).toBe(429);
    simulator.control.setMailboxLimits(null);
    expect((await events(simulator)).status).toBe(200);
  });

  test("is under the limit that a test sets for every provider, too", async () => {
    const { simulator } = await givenBob();
    simulator.control.setThrottle({ requests: 1, perSeconds: 60, status: 429 });
    expect((await events(simulator)).status).toBe(200);
    expect((await errorOf(await events(simulator))).slice(0, 2)).toEqual([429, "ApplicationThrottled"]);
  });
});
