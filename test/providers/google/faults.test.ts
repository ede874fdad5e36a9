import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { googleProvider } from "../../../src/providers/google/client.js";
import { ProviderHttp, type HttpLimits } from "../../../src/providers/http.js";
import { json, startProviderServer, text, type AnswerRequest } from "../provider-server.js";
import {
  calendarId,
  failureOf,
  fullRound,
  sinceCursor,
  startGoogleUnderTest,
  type GoogleUnderTest,
} from "./google-under-test.js";

/** With the limits as they are by default. */
let google: GoogleUnderTest;
/** With short ones, for what only a limit ends. */
let impatient: GoogleUnderTest;
beforeAll(async () => {
  google = await startGoogleUnderTest();
  impatient = await startGoogleUnderTest({ headersMs: 400, totalMs: 800 });
});
afterAll(() => Promise.all([google.close(), impatient.close()]));
beforeEach(() => {
  google.server.requests.length = 0;
  impatient.server.requests.length = 0;
});

const jsonType = { "content-type": "application/json" };
const page = JSON.stringify({ items: [], nextSyncToken: "since" });

const hang: AnswerRequest = () => undefined;
const reset: AnswerRequest = ({ socket }) => socket?.resetAndDestroy();
const closeEarly: AnswerRequest = ({ socket }) => socket?.end();
const hangInTheBody: AnswerRequest = (response) => {
  response.writeHead(200, jsonType).write(page.slice(0, 5));
};
const breakOffInTheBody: AnswerRequest = (response) => {
  response.writeHead(200, { ...jsonType, "content-length": String(page.length) });
  response.write(page.slice(0, 5), () => response.socket?.end());
};
const truncate: AnswerRequest = (response) => response.writeHead(200, jsonType).end(page.slice(0, -4));

/** Sends a text byte by byte, faster than any wait for the next byte ends. */
function dribble(sent: string): AnswerRequest {
  return ({ socket }) => {
    let next = 0;
    const timer = setInterval(() => socket?.write(sent.charAt(next++ % sent.length)), 50);
    socket?.once("close", () => {
      clearInterval(timer);
    });
  };
}
const dribbleHeaders = dribble("HTTP/1.1 200 OK\r\n" + "x-filler: 1\r\n".repeat(100));
const dribbleBody: AnswerRequest = (response, request) => {
  response.writeHead(200, { ...jsonType, "content-length": "100000" }).flushHeaders();
  dribble(" ")(response, request);
};

/** Sends a piece over and over, without length. */
const sendForever =
  (piece: Buffer, headers: Record<string, string>): AnswerRequest =>
  (response) => {
    response.writeHead(200, headers);
    const more = (error?: Error | null): void => {
      if (!error) response.write(piece, more);
    };
    more();
  };
const endless = sendForever(Buffer.alloc(1024 * 1024, " "), jsonType);
/** Compressed pieces that are all empty. */
const endlessNothings = sendForever(gzipSync(""), { ...jsonType, "content-encoding": "gzip" });
const announceLarge: AnswerRequest = (response) => {
  response.writeHead(200, { ...jsonType, "content-length": String(300 * 1024 * 1024) });
  response.write(Buffer.alloc(17 * 1024 * 1024, " "));
};
const compressed = (body: Buffer, encoding = "gzip"): AnswerRequest => {
  return (response) => response.writeHead(200, { ...jsonType, "content-encoding": encoding }).end(body);
};

const faults: [string, AnswerRequest, string][] = [
  ["no answer at all", hang, "TIMEOUT"],
  ["a reset connection", reset, "CONNECTION_ERROR"],
  ["a connection closed before the answer", closeEarly, "CONNECTION_ERROR"],
  ["an answer that stops in the middle", hangInTheBody, "TIMEOUT"],
  ["a connection closed in the middle of the answer", breakOffInTheBody, "CONNECTION_ERROR"],
  ["a truncated answer that looks complete", truncate, "MALFORMED_ANSWER"],
  ["headers byte by byte", dribbleHeaders, "TIMEOUT"],
  ["a body byte by byte", dribbleBody, "TIMEOUT"],
  ["a web page with 200", text("<html>sign in</html>", "text/html"), "MALFORMED_ANSWER"],
  ["the right body as another type", text(page, "application/octet-stream"), "MALFORMED_ANSWER"],
  ["an empty 200", text("", "application/json"), "MALFORMED_ANSWER"],
  ["a 204", (response) => response.writeHead(204).end(), "MALFORMED_ANSWER"],
  ["a 304", (response) => response.writeHead(304).end(), "MALFORMED_ANSWER"],
  ["null", json(null), "MALFORMED_ANSWER"],
  ["an endless answer", endless, "ANSWER_TOO_LARGE"],
  ["a page of 300 MB", announceLarge, "ANSWER_TOO_LARGE"],
  ["a page of 300 MB in 300 kB", compressed(gzipSync(Buffer.alloc(300 * 1024 * 1024, " "))), "ANSWER_TOO_LARGE"],
  ["broken compression", compressed(Buffer.from("no gzip")), "MALFORMED_ANSWER"],
  ["truncated compression", compressed(gzipSync(page).subarray(0, 20)), "MALFORMED_ANSWER"],
  ["a compression nobody asked for", compressed(Buffer.from(page), "br"), "MALFORMED_ANSWER"],
  ["something that is not HTTP", ({ socket }) => socket?.end("SSH-2.0-OpenSSH_9\r\n"), "CONNECTION_ERROR"],
  [
    "headers of a megabyte",
    (response) => response.writeHead(200, { x: "y".repeat(1024 * 1024) }).end(),
    "CONNECTION_ERROR",
  ],
  ["a status of its own", (response) => response.writeHead(999).end(), "CONNECTION_ERROR"],
];

describe.each<[string, (asked: GoogleUnderTest) => Promise<unknown>]>([
  ["listing changes", (asked) => asked.listChanges({ range: sinceCursor })],
  ["refreshing access", (asked) => asked.refreshAccess()],
])("%s", (_name, call) => {
  test.each(faults)("meets %s", async (_fault, answer, errorCode) => {
    const asked = errorCode === "TIMEOUT" ? impatient : google;
    asked.server.answer = answer;
    const failure = await failureOf(call(asked));
    expect(failure).toMatchObject({ errorCode, errorClass: "TRANSIENT", action: { kind: "FAIL" } });
    expect(asked.server.requests).toHaveLength(1);
  });
});

test("the next call after each fault succeeds", async () => {
  for (const [, answer] of faults.filter(([, , errorCode]) => errorCode !== "TIMEOUT")) {
    google.server.answer = answer;
    await failureOf(google.listChanges());
    google.server.answer = text(page, "application/json");
    expect((await google.listChanges()).nextCursor).toBe("since");
  }
});

test("a page of 15 MB is read", async () => {
  google.server.answer = text(page + " ".repeat(15 * 1024 * 1024), "application/json");
  expect((await google.listChanges()).nextCursor).toBe("since");
});

test("a storm of 503 is one request and one failure for each call", async () => {
  google.server.answer = text("", "text/plain", 503);
  const failures = await Promise.all(Array.from({ length: 50 }, () => failureOf(google.listChanges())));
  expect(new Set(failures.map(({ errorCode }) => errorCode))).toEqual(new Set(["PROVIDER_UNAVAILABLE"]));
  expect(google.server.requests).toHaveLength(50);
});

describe("redirects are not followed", () => {
  test.each([301, 302, 307, 308])("%i to another host", async (status) => {
    const elsewhere = await startProviderServer();
    google.server.answer = (response) => response.writeHead(status, { location: elsewhere.url }).end();
    const failures = [await failureOf(google.listChanges()), await failureOf(google.refreshAccess())];
    expect(failures.map(({ errorCode }) => errorCode)).toEqual(["REDIRECT_REFUSED", "REDIRECT_REFUSED"]);
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });
});

/** Far longer than a test may last: only what is tested can end a call. */
const never = 600_000;

describe("each limit by itself", () => {
  test.each<[string, Partial<HttpLimits>, AnswerRequest, string]>([
    ["of the wait for headers ends a call without an answer", { headersMs: 200 }, hang, "TIMEOUT"],
    ["of the wait for headers ends an answer that stops", { headersMs: 200 }, hangInTheBody, "TIMEOUT"],
    ["of the whole ends headers byte by byte", { totalMs: 200 }, dribbleHeaders, "TIMEOUT"],
    ["of the whole ends a body byte by byte", { totalMs: 200 }, dribbleBody, "TIMEOUT"],
    ["of the size ends an endless answer", { bodyBytes: 100_000 }, endless, "ANSWER_TOO_LARGE"],
    ["of the size ends compressed nothings", { bodyBytes: 100_000 }, endlessNothings, "ANSWER_TOO_LARGE"],
  ])("%s", async (_name, only, answer, errorCode) => {
    const limited = await startGoogleUnderTest({ headersMs: never, totalMs: never, ...only });
    limited.server.answer = answer;
    expect(await failureOf(limited.listChanges())).toMatchObject({ errorCode });
    await limited.close();
  });
});

describe("a call that is stopped", () => {
  let patient: GoogleUnderTest;
  beforeAll(async () => {
    patient = await startGoogleUnderTest({ headersMs: never, totalMs: never });
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
    const before = google.counted();
    expect(await failureOf(google.listChanges({}, AbortSignal.abort()))).toMatchObject({ errorCode: "CALL_ABORTED" });
    expect(google.server.requests).toEqual([]);
    expect(google.counted()).toBe(before);
  });
});

describe("a connection that never stands", () => {
  const call = { signal: new AbortController().signal, onRequest: () => undefined };
  const providerAt = (apiUrl: string, http: ProviderHttp) =>
    googleProvider({ apiUrl, tokenUrl: apiUrl, clientId: "client-1", clientSecret: "secret", http });

  test("because nobody listens is a connection error", async () => {
    const server = await startProviderServer();
    await server.close();
    const http = new ProviderHttp();
    expect(
      await failureOf(providerAt(server.url, http).openCalendar(calendarId, call).listChanges(fullRound)),
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
    expect(await failureOf(providerAt(url, http).openCalendar(calendarId, call).listChanges(fullRound))).toMatchObject({
      errorCode: "TIMEOUT",
    });
    await http.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
