import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { failureOf } from "../contract-world.js";
import { json, type AnswerRequest } from "../provider-server.js";
import { fullRound, startProviderUnderTest, window, type ProviderUnderTest } from "../provider-under-test.js";
import { microsoftProvider } from "../../../src/providers/microsoft/client.js";
import {
  cursor,
  graphPage,
  makeMicrosoft,
  pageToken,
  sinceCursor,
  startMicrosoftUnderTest,
} from "./microsoft-under-test.js";

let graph: ProviderUnderTest;
beforeAll(async () => {
  graph = await startMicrosoftUnderTest();
});
afterAll(() => graph.close());
beforeEach(() => {
  graph.server.requests.length = 0;
});

const paths = () => graph.server.requests.map(({ url }) => decodeURIComponent(`${url.pathname}${url.search}`));
const lastPage = (): AnswerRequest => json(graphPage(graph.server.url, [], { delta: cursor }));
const view = (range: Partial<typeof window> = {}) =>
  graph.listChanges({ range: { kind: "BOUNDED", ...window, ...range } });
const windowQuery = "startDateTime=2025-12-31T23:59:59.000Z&endDateTime=2027-01-01T00:00:00.000Z";
const selection =
  "$select=id,type,seriesMasterId,subject,showAs,isCancelled,isAllDay,start,end,originalStartTimeZone,recurrence,transactionId";

describe("what is asked of Graph", () => {
  test("a full round asks for the changes of the default calendar's window", async () => {
    graph.server.answer = lastPage();
    await graph.listChanges();
    expect(paths()).toEqual([`/v1.0/me/calendarView/delta?${windowQuery}`]);
  });

  test("another calendar is asked for by its id, once it is known not to be the default one", async () => {
    graph.server.answer = (response, request) => {
      const body = request.url.pathname.endsWith("/me/calendar")
        ? { id: "default=" }
        : graphPage(graph.server.url, [], { delta: cursor });
      json(body)(response, request);
    };
    await graph.listChanges({}, undefined, "other/../=");
    expect(graph.server.requests.map(({ url }) => url.pathname)).toEqual([
      "/v1.0/me/calendar",
      "/v1.0/me/calendars/other%2F..%2F%3D/calendarView/delta",
    ]);
    graph.server.requests.length = 0;
    await graph.listChanges({}, undefined, "default=");
    expect(graph.server.requests.map(({ url }) => url.pathname)).toEqual([
      "/v1.0/me/calendar",
      "/v1.0/me/calendarView/delta",
    ]);
  });

  test.each([".", ".."])("%s is no calendar's id", async (id) => {
    graph.server.answer = json({ id: "default" });
    expect(await failureOf(graph.listChanges({}, undefined, id))).toMatchObject({ errorCode: "REQUEST_REFUSED" });
    expect(paths()).toEqual(["/v1.0/me/calendar?$select=id"]);
  });

  test.each([
    ["a cursor", { range: sinceCursor }, cursor],
    ["a page's token", { pageToken }, pageToken],
    [
      "a link with repeated and odd parameters",
      { pageToken: "me/calendarView/delta?a=1&a=2&$skiptoken=x%2By%3D&b&c=https://elsewhere/" },
      "me/calendarView/delta?a=1&a=2&$skiptoken=x%2By%3D&b&c=https://elsewhere/",
    ],
  ])("%s is sent as it came", async (_name, request, path) => {
    graph.server.answer = lastPage();
    await graph.listChanges(request);
    const { url } = graph.server.requests[0] ?? {};
    expect(`${url?.pathname}${url?.search}`).toBe(`/v1.0/${path}`);
  });

  test("every request names the token and what is preferred, and the fingerprint names it too", async () => {
    graph.server.answer = json({ value: [] });
    await view();
    await graph.getEvents({ externalEventId: "x", recurringEventId: null, startsAt: new Date(), endsAt: new Date() });
    expect(graph.server.requests).toHaveLength(2);
    for (const { headers } of graph.server.requests) {
      expect(headers.authorization).toBe("Bearer ya29.canary-access-token");
      expect(headers["prefer"]).toContain('IdType="ImmutableId"');
      expect(headers["prefer"]).toContain('outlook.timezone="UTC"');
      expect(headers["prefer"]).toContain("odata.maxpagesize=1000");
    }
    expect(graph.provider.cursorFingerprint).toContain('IdType="ImmutableId"');
    expect(graph.provider.cursorFingerprint).toContain('outlook.timezone="UTC"');
  });

  test("a bounded round asks for the plain view, of at most 1,825 days at a time", async () => {
    graph.server.answer = json({ value: [] });
    const page = await view();
    expect(paths()).toEqual([`/v1.0/me/calendarView?${windowQuery}&${selection}`]);
    expect(page).toEqual({ changes: [], nextPageToken: null, resumePageToken: null, nextCursor: null });
    graph.server.requests.length = 0;
    const range = {
      kind: "BOUNDED",
      windowStart: new Date("2024-01-01T00:00:00Z"),
      windowEnd: new Date("2029-01-01T00:00:00Z"),
    } as const;
    const first = await graph.listChanges({ range });
    expect(first.nextPageToken).not.toBeNull();
    const second = await graph.listChanges({ range, pageToken: first.nextPageToken });
    expect(second.nextPageToken).toBeNull();
    const spans = graph.server.requests.map(({ url: { searchParams } }) => {
      const [from, to] = [searchParams.get("startDateTime") ?? "", searchParams.get("endDateTime") ?? ""];
      return [from, to, (Date.parse(to) - Date.parse(from)) / 86_400_000] as const;
    });
    expect(spans[0]?.[0]).toBe("2023-12-31T23:59:59.000Z");
    expect(spans[1]?.[1]).toBe("2029-01-01T00:00:00.000Z");
    expect((spans[1]?.[0] ?? "") < (spans[0]?.[1] ?? "")).toBe(true);
    for (const [, , days] of spans) expect(days).toBeLessThanOrEqual(1825);
  });

  test.each([401, 408, 421, 429, 500, 503, 504])("a refused request (%i) is not repeated", async (status) => {
    const before = graph.counted();
    graph.server.answer = json({}, status, { "retry-after": "0" });
    await failureOf(graph.listChanges());
    await failureOf(graph.refreshAccess());
    expect(graph.server.requests).toHaveLength(2);
    expect(graph.counted() - before).toBe(2);
  });

  test.each(["v1.0", "v1.0/", "", "gateway/graph/v1.0"])("an address may end in %j", async (end) => {
    const api = `${graph.server.url}${end}`;
    const other = await startProviderUnderTest(
      (_url, http) =>
        microsoftProvider({ apiUrl: api, loginUrl: api, tenant: "t", clientId: "c", clientSecret: "s", http }),
      "primary",
    );
    const root = end.startsWith("gateway") ? "gateway/graph/v1.0" : "v1.0";
    graph.server.answer = json({ value: [], "@odata.deltaLink": `${graph.server.url}${root}/${cursor}` });
    expect((await other.listChanges()).nextCursor).toBe(cursor);
    expect(graph.server.requests[0]?.url.pathname).toBe(`/${root}/me/calendarView/delta`);
    await other.close();
  });
});

describe("links", () => {
  test("are kept without their origin", async () => {
    graph.server.answer = json(graphPage(graph.server.url, [], { next: pageToken }));
    const page = await graph.listChanges();
    expect(page).toEqual({ changes: [], nextPageToken: pageToken, resumePageToken: pageToken, nextCursor: null });
    graph.server.answer = lastPage();
    expect((await graph.listChanges({ pageToken })).nextCursor).toBe(cursor);
  });

  test.each([
    ["to another host", "https://graph.microsoft.com/v1.0/me/calendarView/delta?$skiptoken=x"],
    ["to another port", "http://127.0.0.1:1/v1.0/me/calendarView/delta?$skiptoken=x"],
    ["with a user", "http://evil@127.0.0.1/v1.0/me/calendarView/delta"],
    ["out of the interface", "{own}me/calendarView/delta"],
    ["out of the interface by dots", "{own}v1.0/../secret/calendarView"],
    ["that are paths alone", "me/calendarView/delta?$skiptoken=x"],
    ["that are empty", ""],
    ["that are no text", 5],
  ])("%s are not followed", async (_name, link) => {
    const target = typeof link === "string" ? link.replace("{own}", graph.server.url) : link;
    for (const name of ["@odata.nextLink", "@odata.deltaLink"]) {
      graph.server.answer = json({ value: [], [name]: target });
      expect(await failureOf(graph.listChanges())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
    }
  });

  test.each([
    "https://graph.microsoft.com/v1.0/me/calendarView/delta",
    "//elsewhere/v1.0/me/calendarView/delta",
    "../me/calendarView/delta",
    "me/messages",
    "",
    "0 me/calendarView",
  ])("that were stored as %j are not sent", async (stored) => {
    const [range, fresh] = [{ ...sinceCursor, cursor: stored }, { kind: "FULL_ROUND" }];
    expect(await failureOf(graph.listChanges({ range }))).toMatchObject({ errorCode: "CURSOR_EXPIRED", action: fresh });
    const pageFailure = { errorCode: "PAGE_TOKEN_EXPIRED", action: fresh };
    expect(await failureOf(graph.listChanges({ pageToken: stored }))).toMatchObject(pageFailure);
    expect(graph.server.requests).toEqual([]);
  });

  test("that were stored with a way out of the interface are not sent", async () => {
    const stored = "me/../../secret/calendarView";
    expect(await failureOf(graph.listChanges({ pageToken: stored }))).toMatchObject({ errorCode: "REQUEST_REFUSED" });
    expect(graph.server.requests).toEqual([]);
  });

  test.each(["me/calendarView", "x me/calendarView", "0 ../calendarView"])(
    "that a bounded round stored as %j are not sent",
    async (stored) => {
      const call = graph.listChanges({ range: { kind: "BOUNDED", ...window }, pageToken: stored });
      expect(await failureOf(call)).toMatchObject({ errorCode: "PAGE_TOKEN_EXPIRED" });
      expect(graph.server.requests).toEqual([]);
    },
  );
});

describe("a page of Graph's", () => {
  test.each<[string, (page: object) => object]>([
    ["that leads nowhere", () => ({ value: [] })],
    ["that leads on and ends", (page) => ({ ...page, ...graphPage(graph.server.url, [], { next: pageToken }) })],
    ["without a list", (page) => ({ ...page, value: undefined })],
    ["whose list is none", (page) => ({ ...page, value: { 0: {} } })],
  ])("%s is a malformed answer", async (_name, broken) => {
    graph.server.answer = json(broken(graphPage(graph.server.url, [], { delta: cursor })));
    expect(await failureOf(graph.listChanges())).toMatchObject({
      errorCode: "MALFORMED_ANSWER",
      errorClass: "TRANSIENT",
    });
  });

  test("of a plain view that has a cursor is a malformed answer", async () => {
    graph.server.answer = lastPage();
    expect(await failureOf(view())).toMatchObject({ errorCode: "MALFORMED_ANSWER" });
  });

  test("that is too large is asked for in smaller pieces, and so are all after it", async () => {
    const limited = await startProviderUnderTest(makeMicrosoft, "primary", { bodyBytes: 100_000 });
    limited.server.answer = (response, request) => {
      const isSmall = request.headers["prefer"]?.includes("odata.maxpagesize=50") ?? false;
      const next = request.url.search.includes("page2") ? { delta: cursor } : { next: pageToken };
      const page = graphPage(limited.server.url, [{ id: "x", "@removed": {} }], next);
      json(isSmall ? page : { ...page, filler: "x".repeat(200_000) })(response, request);
    };
    const calendar = limited.provider.openCalendar("primary", {
      signal: new AbortController().signal,
      onRequest: () => undefined,
    });
    const page = await calendar.listChanges(fullRound);
    expect(page.changes).toEqual([{ kind: "missing", externalEventId: "x" }]);
    expect((await calendar.listChanges({ ...fullRound, pageToken: page.nextPageToken })).nextCursor).toBe(cursor);
    expect(limited.server.requests).toHaveLength(3);
    await limited.close();
  });
});

describe("refreshing access", () => {
  test("the refresh token and our application are posted as a form to the tenant, and the new refresh token handed on", async () => {
    graph.server.answer = json({
      access_token: "new",
      expires_in: 3599,
      ext_expires_in: 3599,
      refresh_token: "rotated",
      scope: "Calendars.Read",
      token_type: "Bearer",
    });
    expect(await graph.refreshAccess()).toEqual({
      accessToken: "new",
      expiresInSeconds: 3599,
      refreshToken: "rotated",
    });
    const [request] = graph.server.requests;
    expect([request?.method, request?.url.pathname]).toEqual(["POST", "/login/canary-tenant/oauth2/v2.0/token"]);
    expect(request?.headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: "refresh_token",
      refresh_token: "1//canary-refresh-token",
      client_id: "client-1",
      client_secret: "canary-client-secret",
    });
  });

  test.each([
    ["no access token", { expires_in: 3599 }],
    ["no expiry", { access_token: "new" }],
    ["an expiry that is no number", { access_token: "new", expires_in: "soon" }],
    ["an empty access token", { access_token: "", expires_in: 3599 }],
    ["a list", []],
  ])("%s is a malformed answer", async (_name, body) => {
    graph.server.answer = json(body);
    expect(await failureOf(graph.refreshAccess())).toMatchObject({
      errorCode: "MALFORMED_ANSWER",
      errorClass: "TRANSIENT",
      providerStatus: 200,
    });
  });
});
