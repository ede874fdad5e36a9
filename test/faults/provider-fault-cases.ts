import type { ProviderName } from "../../src/providers/provider.js";
import type { FaultEffect } from "../../src/simulator/faults.js";
import type { TestApp } from "../support/app.js";
import type { Outcome, ProviderCase, ProviderFaultCase, Scene } from "./provider-fault-world.js";

const html = { "content-type": "text/html; charset=UTF-8" };
const succeeded: Outcome = {
  attempts: ["SUCCESS"],
  run: "SUCCEEDED",
  connection: "ACTIVE",
  wait: null,
  cursor: "replaced",
  isCursorUsed: true,
  appointments: "as the provider's",
  afterwards: "as the provider's",
};
const nothingDone = { ...succeeded, cursor: "kept", appointments: "as before" } as const;

/** Tried twice, which is all that these tests configure. */
function exhausted(failure: string): Outcome {
  return { ...nothingDone, attempts: [`FAIL ${failure}`, `FAIL ${failure}`], run: "FAILED" };
}

function refused(code: string): Outcome {
  return { ...nothingDone, attempts: [`FAIL NON_RETRYABLE ${code}`], run: "FAILED" };
}

function revoked(code: string, reason: string): Outcome {
  return { ...refused(code), run: "HELD", connection: `REVOKED ${reason}` };
}

function waiting(code: string, wait: number): Outcome {
  return { ...nothingDone, attempts: [`FAIL RATE_LIMITED ${code}`], run: "RETRYING", wait };
}

/** Disturbs every request for changes. */
function always(then: FaultEffect, when: "before" | "after" = "before") {
  return ({ disturb }: Scene) => {
    disturb({ then, when, times: null });
  };
}

/** As after an upgrade: the cursor was made with other parameters. */
async function askForEverything(app: TestApp, connection: string): Promise<void> {
  await app.sql("update calendar_connection set cursor_fingerprint = 'older' where id = $1", [connection]);
}

const rewritten = (pattern: string, text: string) => always({ replace: { pattern, with: text } }, "after");

/** A refusal as the provider writes it. */
function refusing(status: number, reason: string, headers: () => Record<string, string> = () => ({})) {
  return ({ disturb, shape }: Scene) => {
    disturb({ then: { status, body: shape.refusal(reason, status), headers: headers() }, times: null });
  };
}

/** Answers that a request gets which the provider, or something in between, does not answer rightly. */
const disturbances: ProviderFaultCase[] = [
  { name: "no answer", disturb: always({ hang: true }), expected: exhausted("TRANSIENT TIMEOUT") },
  { name: "a reset connection", disturb: always({ destroy: true }), expected: exhausted("TRANSIENT CONNECTION_ERROR") },
  {
    name: "a connection closed in the middle of the answer",
    disturb: always({ destroy: true, truncate: true }, "after"),
    expected: exhausted("TRANSIENT CONNECTION_ERROR"),
  },
  {
    name: "a truncated answer that looks complete",
    disturb: always({ truncate: true }, "after"),
    expected: exhausted("TRANSIENT MALFORMED_ANSWER"),
  },
  { name: "an answer byte by byte", disturb: always({ dripMs: 100 }), expected: exhausted("TRANSIENT TIMEOUT") },
  {
    name: "a web page with 200",
    disturb: always({ status: 200, body: "<html>sign in</html>", headers: html }),
    expected: exhausted("TRANSIENT MALFORMED_ANSWER"),
  },
  {
    name: "the right answer as another type",
    disturb: always({ headers: { "content-type": "application/octet-stream" } }, "after"),
    expected: exhausted("TRANSIENT MALFORMED_ANSWER"),
  },
  {
    name: "a page of 300 MB",
    disturb: always({ padBytes: 300 * 1024 * 1024 }),
    expected: exhausted("TRANSIENT ANSWER_TOO_LARGE"),
  },
  {
    name: "a page that is larger than is allowed here",
    disturb: always({ padBytes: 2 * 1024 * 1024 }),
    expected: exhausted("TRANSIENT ANSWER_TOO_LARGE"),
  },
  {
    name: "an empty 200",
    disturb: always({ status: 200, body: "", headers: { "content-type": "application/json" } }),
    expected: exhausted("TRANSIENT MALFORMED_ANSWER"),
  },
  { name: "NUL in a text", title: "nul \0 in it", expected: succeeded },
  { name: "a lone surrogate in a text", title: "half \ud83d of a sign", expected: succeeded },
  {
    name: "a page that names itself as the next one",
    disturb: ({ app, shape, disturb }) => {
      const body = { [shape.items]: [], ...shape.next(app.simulator, "again") };
      disturb({ then: { status: 200, body }, times: null });
    },
    expected: exhausted("TRANSIENT PAGE_TOKEN_REPEATED"),
  },
  {
    name: "pages without end",
    disturb: async ({ app, shape, disturb, realPage }) => {
      const page = (items: unknown, next: number) => ({
        then: { status: 200, body: { [shape.items]: items, ...shape.next(app.simulator, `page${next}`) } },
        times: null,
      });
      for (let at = 1; at <= 20; at += 1)
        disturb({ pathRegex: `${shape.pagePath}page${at}(&|$)`, ...page([], at + 1) });
      disturb(page((await realPage())[shape.items], 1));
    },
    expected: { ...exhausted("TRANSIENT TOO_MANY_PAGES"), appointments: "as the provider's" },
  },
  {
    name: "an event twice in a page",
    disturb: rewritten(String.raw`"(items|value)":\[(\{[^]*\})\]`, '"$1":[$2,$2]'),
    expected: succeeded,
  },
  {
    name: "an event again on the next page",
    disturb: async ({ app, shape, disturb, realPage }) => {
      const real = await realPage();
      const first = { [shape.items]: real[shape.items], ...shape.next(app.simulator, "two") };
      disturb({ pathRegex: `${shape.pagePath}two`, then: { status: 200, body: real } });
      disturb({ then: { status: 200, body: first } });
    },
    expected: succeeded,
  },
  {
    name: "an empty page before the one that tells something",
    disturb: async ({ app, shape, disturb, realPage }) => {
      disturb({ pathRegex: `${shape.pagePath}two`, then: { status: 200, body: await realPage() } });
      disturb({ then: { status: 200, body: { [shape.items]: [], ...shape.next(app.simulator, "two") } } });
    },
    expected: succeeded,
  },
  {
    name: "a key of every object that is __proto__",
    disturb: rewritten(String.raw`\{"`, '{"__proto__":{"polluted":true},"'),
    expected: succeeded,
  },
  {
    name: "a full round that breaks off after its first page",
    disturb: async ({ app, connection, shape, disturb, realPage }) => {
      const real = await realPage();
      const first = { [shape.items]: real[shape.items], ...shape.next(app.simulator, "two") };
      await askForEverything(app, connection);
      disturb({ pathRegex: `${shape.pagePath}two`, then: { destroy: true }, times: null });
      disturb({ then: { status: 200, body: first }, times: null });
    },
    expected: {
      ...exhausted("TRANSIENT CONNECTION_ERROR"),
      isCursorUsed: false,
      appointments: "as the provider's",
    },
  },
  {
    name: "an empty list where everything was asked for",
    disturb: async ({ app, connection, shape, disturb }) => {
      await askForEverything(app, connection);
      const body = { [shape.items]: [], ...shape.last(app.simulator, "new") };
      disturb({ then: { status: 200, body }, times: null });
    },
    expected: { ...refused("MASS_CANCEL"), isCursorUsed: false },
  },
  {
    name: "a redirect to another host",
    disturb: ({ disturb, elsewhere }) => {
      disturb({ then: { status: 302, headers: { location: elsewhere }, body: "" }, times: null });
    },
    expected: exhausted("TRANSIENT REDIRECT_REFUSED"),
  },
  {
    name: "a storm of 503",
    disturb: always({ status: 503, body: "<html>down</html>" }),
    expected: exhausted("TRANSIENT PROVIDER_UNAVAILABLE"),
  },
];

const inTenMinutes = () => new Date(Date.now() + 600_000).toUTCString();

/** What both providers refuse alike. */
const refusals: ProviderFaultCase[] = [
  {
    name: "401",
    disturb: refusing(401, "authError"),
    expected: revoked("ACCESS_TOKEN_REFUSED", "CREDENTIALS_REFUSED"),
  },
  { name: "403 forbidden", disturb: refusing(403, "forbidden"), expected: refused("ACCESS_FORBIDDEN") },
  {
    name: "429 with seconds",
    disturb: refusing(429, "rateLimitExceeded", () => ({ "retry-after": "600" })),
    expected: waiting("RATE_LIMITED", 600),
  },
  {
    name: "429 with a date",
    disturb: refusing(429, "rateLimitExceeded", () => ({ "retry-after": inTenMinutes() })),
    expected: waiting("RATE_LIMITED", 600),
  },
  {
    name: "429 with a year, of which a day is kept",
    disturb: refusing(429, "rateLimitExceeded", () => ({ "retry-after": "31536000" })),
    expected: waiting("RATE_LIMITED", 86_400),
  },
];

/** The cursor is refused, whatever else the provider would answer: a full round within the attempt takes its place. */
const refusingCursors = (status: number, reason: string): ProviderFaultCase => ({
  name: `${status} ${reason} to a cursor`,
  disturb: ({ disturb, shape }) => {
    const body = shape.refusal(reason, status);
    disturb({ pathRegex: shape.cursorPath, then: { status, body }, times: null });
  },
  expected: { ...succeeded, afterwards: "as the provider's" },
});

const storing = (column: string, text: string, isCursorUsed: boolean): ProviderFaultCase => ({
  name: `a stored ${column} that is "${text}"`,
  disturb: async ({ app, connection }) => {
    await app.sql(`update calendar_connection set ${column} = $2 where id = $1`, [connection, text]);
  },
  expected: { ...succeeded, isCursorUsed },
});

/** A quota of the account, which Google blocks for an hour at least, and Graph for as long as it says. */
const ofGoogle: ProviderFaultCase[] = [
  { name: "403 quota", disturb: refusing(403, "quotaExceeded"), expected: waiting("QUOTA_EXCEEDED", 3600) },
  {
    name: "404",
    disturb: refusing(404, "notFound"),
    expected: revoked("CALENDAR_NOT_FOUND", "CALENDAR_NOT_FOUND"),
  },
  refusingCursors(410, "fullSyncRequired"),
  refusingCursors(410, "updatedMinTooLongAgo"),
  refusingCursors(410, "gone"),
  refusingCursors(400, "invalid"),
  refusingCursors(400, "badRequest"),
  storing("cursor", "no cursor", true),
  storing("cursor_fingerprint", "singleEvents=false", false),
];

const ofMicrosoft: ProviderFaultCase[] = [
  {
    name: "403 quota",
    disturb: refusing(403, "activityLimitReached", () => ({ "retry-after": "600" })),
    expected: waiting("RATE_LIMITED", 600),
  },
  {
    // Behind a cursor the calendar may only have another id by now: that is for a full round to tell.
    name: "404",
    disturb: refusing(404, "ErrorItemNotFound"),
    expected: revoked("CALENDAR_NOT_FOUND", "CALENDAR_NOT_FOUND"),
  },
  refusingCursors(410, "SyncStateNotFound"),
  refusingCursors(410, "syncStateNotFound"),
  refusingCursors(410, "resyncRequired"),
  refusingCursors(410, "gone"),
  refusingCursors(400, "syncStateNotFound"),
  refusingCursors(404, "SyncStateNotFound"),
  refusingCursors(409, "resyncChangesApplyDifferences"),
  refusingCursors(400, "SyncStateInvalid"),
  refusingCursors(400, "ErrorInvalidUrlQuery"),
  storing("cursor", "me/calendarView/delta?$deltatoken=none", true),
  storing("cursor", "no cursor", false),
  storing("cursor_fingerprint", "calendarView/delta; other preferences", false),
];

const byProvider: Readonly<Record<ProviderName, readonly ProviderFaultCase[]>> = {
  GOOGLE: [...disturbances, ...refusals, ...ofGoogle],
  MICROSOFT: [...disturbances, ...refusals, ...ofMicrosoft],
};

/** What may befall a pull of either provider, and what has to come of it. */
export const providerFaultCases: readonly ProviderCase[] = (["GOOGLE", "MICROSOFT"] as const).flatMap((provider) =>
  byProvider[provider].map((one) => [provider, one] as const),
);
