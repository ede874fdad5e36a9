import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { failureOf } from "../contract-world.js";
import { fullRound, type ProviderUnderTest } from "../provider-under-test.js";
import { sinceCursor, startGoogleUnderTest } from "./google-under-test.js";
import { json } from "../provider-server.js";

let google: ProviderUnderTest;
beforeAll(async () => {
  google = await startGoogleUnderTest();
});
afterAll(() => google.close());
beforeEach(() => {
  google.server.requests.length = 0;
});

const lastRequest = () => {
  const request = google.server.requests.at(-1);
  if (request === undefined) throw new Error("no request arrived");
  return request;
};

describe("what is asked of Google", () => {
  beforeEach(() => {
    google.server.answer = json({ items: [], nextSyncToken: "next" });
  });

  test("a full round asks for the occurrences of its window, without cancelled ones and without an order", async () => {
    await google.listChanges();
    const { url, headers, method } = lastRequest();
    expect(method).toBe("GET");
    expect(url.pathname).toBe("/calendar/v3/calendars/anna.canary%40example.org/events");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      singleEvents: "true",
      maxResults: "2500",
      fields: expect.stringMatching(/^nextPageToken,nextSyncToken,items\(/),
      timeMin: "2025-12-31T23:59:59.000Z",
      timeMax: "2027-01-01T00:00:00.000Z",
    });
    expect(headers.authorization).toBe("Bearer ya29.canary-access-token");
    expect(headers["accept-encoding"]).toBe("gzip");
  });

  test("a window between whole seconds is asked for with room on both sides, since Google ignores milliseconds", async () => {
    const windowStart = new Date("2026-01-01T10:00:00.900Z");
    const windowEnd = new Date("2026-02-01T10:00:00.100Z");
    await google.listChanges({ range: { kind: "FULL", windowStart, windowEnd } });
    const { searchParams } = lastRequest().url;
    expect([searchParams.get("timeMin"), searchParams.get("timeMax")]).toEqual([
      "2026-01-01T09:59:59.000Z",
      "2026-02-01T10:00:01.000Z",
    ]);
  });

  test("a request with a cursor has no window and otherwise the same parameters, which the fingerprint names", async () => {
    await google.listChanges();
    const full = lastRequest().url.searchParams;
    await google.listChanges({ range: { ...sinceCursor, cursor: "CPDAlvWDx70CEPDAlvWDx70CGAU=" } });
    const delta = lastRequest().url.searchParams;
    expect(delta.get("syncToken")).toBe("CPDAlvWDx70CEPDAlvWDx70CGAU=");
    expect([delta.has("timeMin"), delta.has("timeMax"), delta.has("showDeleted")]).toEqual([false, false, false]);
    for (const name of ["timeMin", "timeMax"]) full.delete(name);
    delta.delete("syncToken");
    expect(Object.fromEntries(delta)).toEqual(Object.fromEntries(full));
    expect(google.provider.cursorFingerprint).toBe([...full].map((pair) => pair.join("=")).join("&"));
  });

  test.each([
    ["a full round", fullRound.range, "timeMin"],
    ["a round from a cursor", sinceCursor, "syncToken"],
  ])("a further page of %s repeats the query beside its page token", async (_name, range, parameter) => {
    await google.listChanges({ range, pageToken: "page 2/+" });
    expect(lastRequest().url.searchParams.get("pageToken")).toBe("page 2/+");
    expect(lastRequest().url.searchParams.has(parameter)).toBe(true);
  });

  test("a calendar's id is one segment of the path, whatever it holds", async () => {
    await google.listChanges({}, undefined, "a/../b?c#d%2F");
    expect(lastRequest().url.pathname).toBe("/calendar/v3/calendars/a%2F..%2Fb%3Fc%23d%252F/events");
  });

  test("each call counts exactly the requests that arrive", async () => {
    const before = google.counted();
    await google.listChanges();
    expect(google.counted() - before).toBe(1);
    expect(google.server.requests).toHaveLength(1);
  });

  test.each([401, 408, 421, 429, 500, 503])("a refused request (%i) is not repeated", async (status) => {
    const before = google.counted();
    google.server.answer = json({}, status, { "retry-after": "0" });
    await failureOf(google.listChanges());
    await failureOf(google.refreshAccess());
    expect(google.server.requests).toHaveLength(2);
    expect(google.counted() - before).toBe(2);
  });
});

describe("what comes back", () => {
  test("a page with a next one has no cursor, the last page has one", async () => {
    google.server.answer = json({ items: [], nextPageToken: "page 2" });
    expect(await google.listChanges()).toEqual({
      changes: [],
      nextPageToken: "page 2",
      resumePageToken: "page 2",
      nextCursor: null,
    });
    google.server.answer = json({ items: [{ id: "gone", status: "cancelled" }], nextSyncToken: "since" });
    expect(await google.listChanges()).toEqual({
      changes: [{ kind: "removed", externalEventId: "gone" }],
      nextPageToken: null,
      resumePageToken: null,
      nextCursor: "since",
    });
  });

  test("a compressed answer is read", async () => {
    const body = gzipSync(JSON.stringify({ nextSyncToken: "since" }));
    google.server.answer = (response) =>
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(body);
    expect((await google.listChanges()).nextCursor).toBe("since");
  });
});

describe("refreshing access", () => {
  test("the refresh token and our application are posted as a form", async () => {
    google.server.answer = json({
      access_token: "ya29.new",
      expires_in: 3599,
      scope: "calendar",
      token_type: "Bearer",
    });
    expect(await google.refreshAccess()).toEqual({
      accessToken: "ya29.new",
      expiresInSeconds: 3599,
      refreshToken: null,
    });
    const { method, url, headers, body } = lastRequest();
    expect([method, url.pathname]).toEqual(["POST", "/token"]);
    expect(headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: "refresh_token",
      refresh_token: "1//canary-refresh-token",
      client_id: "client-1",
      client_secret: "canary-client-secret",
    });
  });

  test("a rotated refresh token is handed on", async () => {
    google.server.answer = json({ access_token: "ya29.new", expires_in: 3599, refresh_token: "1//rotated" });
    expect((await google.refreshAccess()).refreshToken).toBe("1//rotated");
  });

  test.each([
    ["no access token", { expires_in: 3599 }],
    ["no expiry", { access_token: "ya29.new" }],
    ["an expiry that is no number", { access_token: "ya29.new", expires_in: "soon" }],
    ["an empty access token", { access_token: "", expires_in: 3599 }],
    ["a list", []],
  ])("%s is a malformed answer", async (_name, body) => {
    google.server.answer = json(body);
    expect(await failureOf(google.refreshAccess())).toMatchObject({
      errorCode: "MALFORMED_ANSWER",
      errorClass: "TRANSIENT",
      providerStatus: 200,
    });
  });
});
