import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { callLimits } from "../../src/providers/call-limits.js";

test("a call has 3 s to connect, 10 s for its headers, 30 s and 16 MB in all, and a round 10,000 pages", () => {
  expect(callLimits).toEqual({
    ...{ connectMs: 3_000, headersMs: 10_000, totalMs: 30_000, bodyBytes: 16 * 1024 * 1024 },
    pages: 10_000,
  });
});

test.each(["main.ts", "server-process.ts", "config.ts", "config-variables.ts", "commands/verify.ts"])(
  "%s names no other limits: every process has these",
  (file) => {
    expect(readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8")).not.toMatch(
      /callLimits|new ProviderHttp\([^)]/,
    );
  },
);
