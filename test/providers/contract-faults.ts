import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { HttpLimits } from "../../src/providers/call-limits.js";
import { ProviderHttp } from "../../src/providers/http.js";
import { failureOf } from "./contract-world.js";
import { dribbleBody, dribbleHeaders, endless, endlessNothings, faults, hang, hangInTheBody } from "./fault-answers.js";
import { startProviderServer, text, type AnswerRequest } from "./provider-server.js";
import {
  fullRound,
  startProviderUnderTest,
  window,
  type MakeProvider,
  type ProviderUnderTest,
} from "./provider-under-test.js";

/** What differs from provider to provider. */
export interface FaultSubject {
  makeProvider: MakeProvider;
  calendarId: string;
  cursor: string;
  /** The body of a last page, empty, with the cursor. */
  page: (serverUrl: string) => string;
  /** How many requests a page that is too large takes. */
  requestsForTooLarge: number;
}

/** What every provider keeps to when its answers are anything but answers. */
export function describeFaults(subject: FaultSubject): void {
  describeDisturbedCalls(subject);
  describeLimits(subject);
  describeStoppedCalls(subject);
  describeMissingConnections(subject);
}

type Start = (limits?: Partial<HttpLimits>) => Promise<ProviderUnderTest>;

function starter({ makeProvider, calendarId }: FaultSubject): Start {
  return (limits) => startProviderUnderTest(makeProvider, calendarId, limits);
}

function describeDisturbedCalls(subject: FaultSubject): void {
  const start = starter(subject);
  const since = { kind: "SINCE", cursor: subject.cursor, ...window } as const;
  const page = () => subject.page(usual.server.url);
  /** With the limits as they are by default. */
  let usual: ProviderUnderTest;
  /** With short ones, for what only a limit ends. */
  let impatient: ProviderUnderTest;
  beforeAll(async () => {
    usual = await start();
    impatient = await start({ headersMs: 400, totalMs: 800 });
  });
  afterAll(() => Promise.all([usual.close(), impatient.close()]));
  beforeEach(() => {
    usual.server.requests.length = 0;
    impatient.server.requests.length = 0;
  });

  describe.each<[string, (asked: ProviderUnderTest) => Promise<unknown>, number]>([
    ["listing changes", (asked) => asked.listChanges({ range: since }), subject.requestsForTooLarge],
    ["refreshing access", (asked) => asked.refreshAccess(), 1],
  ])("%s", (_name, call, requestsForTooLarge) => {
    test.each(faults)("meets %s", async (_fault, answer, errorCode) => {
      const asked = errorCode === "TIMEOUT" ? impatient : usual;
      asked.server.answer = answer;
      const failure = await failureOf(call(asked));
      expect(failure).toMatchObject({ errorCode, errorClass: "TRANSIENT", action: { kind: "FAIL" } });
      expect(asked.server.requests).toHaveLength(errorCode === "ANSWER_TOO_LARGE" ? requestsForTooLarge : 1);
    });
  });

  describe("making an event", () => {
    // What only a limit ends, takes as long here as there.
    const quick = faults.filter(([, , errorCode]) => errorCode !== "TIMEOUT" && errorCode !== "ANSWER_TOO_LARGE");

    test.each(quick)("meets %s", async (_fault, answer, errorCode) => {
      usual.server.answer = answer;
      const failure = await failureOf(usual.createEvent());
      expect(failure).toMatchObject({ errorCode, errorClass: "TRANSIENT", action: { kind: "FAIL" } });
      expect(usual.server.requests).toHaveLength(1);
    });
  });

  test("the next call after each fault succeeds", async () => {
    for (const [, answer] of faults.filter(([, , errorCode]) => errorCode !== "TIMEOUT")) {
      usual.server.answer = answer;
      await failureOf(usual.listChanges());
      usual.server.answer = text(page(), "application/json");
      expect((await usual.listChanges()).nextCursor).toBe(subject.cursor);
    }
  });

  test("the right body as another type is a malformed answer", async () => {
    usual.server.answer = text(page(), "application/octet-stream");
    expect(await failureOf(usual.listChanges())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
  });

  test("a page of 15 MB is read", async () => {
    usual.server.answer = text(page() + " ".repeat(15 * 1024 * 1024), "application/json");
    expect((await usual.listChanges()).nextCursor).toBe(subject.cursor);
  });

  test("a storm of 503 is one request and one failure for each call", async () => {
    usual.server.answer = text("", "text/plain", 503);
    const failures = await Promise.all(Array.from({ length: 50 }, () => failureOf(usual.listChanges())));
    expect(new Set(failures.map(({ errorCode }) => errorCode))).toEqual(new Set(["PROVIDER_UNAVAILABLE"]));
    expect(usual.server.requests).toHaveLength(50);
  });

  describe("redirects are not followed", () => {
    test.each([301, 302, 307, 308])("%i to another host", async (status) => {
      const elsewhere = await startProviderServer();
      usual.server.answer = (response) => response.writeHead(status, { location: elsewhere.url }).end();
      const failures = [await failureOf(usual.listChanges()), await failureOf(usual.refreshAccess())];
      expect(failures.map(({ errorCode }) => errorCode)).toEqual(["REDIRECT_REFUSED", "REDIRECT_REFUSED"]);
      expect(elsewhere.requests).toEqual([]);
      await elsewhere.close();
    });
  });
}

/** Far longer than a test may last: only what is tested can end a call. */
const never = 600_000;

function describeLimits(subject: FaultSubject): void {
  const start = starter(subject);
  describe("each limit by itself", () => {
    test.each<[string, Partial<HttpLimits>, AnswerRequest, string]>([
      ["of the wait for headers ends a call without an answer", { headersMs: 200 }, hang, "TIMEOUT"],
      ["of the wait for headers ends an answer that stops", { headersMs: 200 }, hangInTheBody, "TIMEOUT"],
      ["of the whole ends headers byte by byte", { totalMs: 200 }, dribbleHeaders, "TIMEOUT"],
      ["of the whole ends a body byte by byte", { totalMs: 200 }, dribbleBody, "TIMEOUT"],
      ["of the size ends an endless answer", { bodyBytes: 100_000 }, endless, "ANSWER_TOO_LARGE"],
      ["of the size ends compressed nothings", { bodyBytes: 100_000 }, endlessNothings, "ANSWER_TOO_LARGE"],
    ])("%s", async (_name, only, answer, errorCode) => {
      const limited = await start({ headersMs: never, totalMs: never, ...only });
      limited.server.answer = answer;
      expect(await failureOf(limited.listChanges())).toMatchObject({ errorCode });
      await limited.close();
    });
  });
}

function describeStoppedCalls(subject: FaultSubject): void {
  const start = starter(subject);
  describe("a call that is stopped", () => {
    let patient: ProviderUnderTest;
    beforeAll(async () => {
      patient = await start({ headersMs: never, totalMs: never });
    });
    afterAll(() => patient.close());

    test("ends, though the provider hangs", async () => {
      const stop = new AbortController();
      patient.server.answer = () => {
        stop.abort();
      };
      expect(await failureOf(patient.listChanges({}, stop.signal))).toMatchObject({ errorCode: "CALL_ABORTED" });
    });

    test("in the middle of an answer ends, too", async () => {
      const stop = new AbortController();
      patient.server.answer = (response, request) => {
        hangInTheBody(response, request);
        setImmediate(() => {
          stop.abort(new Error("fenced off"));
        });
      };
      expect(await failureOf(patient.refreshAccess("token", stop.signal))).toMatchObject({ errorCode: "CALL_ABORTED" });
    });

    test("before it began sends nothing and counts nothing", async () => {
      const [before, received] = [patient.counted(), patient.server.requests.length];
      expect(await failureOf(patient.listChanges({}, AbortSignal.abort()))).toMatchObject({
        errorCode: "CALL_ABORTED",
      });
      expect(patient.server.requests).toHaveLength(received);
      expect(patient.counted()).toBe(before);
    });
  });
}

function describeMissingConnections(subject: FaultSubject): void {
  describe("a connection that never stands", () => {
    const call = { signal: new AbortController().signal, onRequest: () => undefined };
    const providerAt = (apiUrl: string, http: ProviderHttp) => subject.makeProvider(apiUrl, http);

    test("because nobody listens is a connection error", async () => {
      const server = await startProviderServer();
      await server.close();
      const http = new ProviderHttp();
      expect(
        await failureOf(providerAt(server.url, http).openCalendar(subject.calendarId, call).listChanges(fullRound)),
      ).toMatchObject({
        errorCode: "CONNECTION_ERROR",
        providerStatus: null,
      });
      await http.close();
    });

    test("because TLS is never agreed on is a timeout", async () => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
      await once(silent, "listening");
      const http = new ProviderHttp({ connectMs: 200 });
      const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
      expect(
        await failureOf(providerAt(url, http).openCalendar(subject.calendarId, call).listChanges(fullRound)),
      ).toMatchObject({
        errorCode: "TIMEOUT",
      });
      await http.close();
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
  });
}
