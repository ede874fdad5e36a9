import { describe, expect, test } from "@jest/globals";
import { answerOf, graphqlErrors } from "../../src/rest/graphql-errors.js";

const request = { requestId: "r-1", retryAfterSeconds: 2 };
const answer = (extensions: Record<string, unknown>, message = "Message") => answerOf({ message, extensions }, request);

describe("an error of GraphQL", () => {
  test.each(Object.keys(graphqlErrors))("%s is answered by its own row", (row) => {
    const [code = "", detail] = row.split(" ");
    const isArgument = detail !== undefined && /^[a-z]/.test(detail);
    const extensions = { code, ...(isArgument ? { argument: detail } : { reason: detail }) };
    const found = answer(extensions);
    const expected = graphqlErrors[row]?.({ message: "Message", extensions, ...request });
    expect(found?.status).toBe(expected?.status);
    expect(found?.body).toEqual(expected?.body);
  });

  test("that has a reason without a row is answered by its code", () => {
    expect(answer({ code: "BAD_USER_INPUT", reason: "NEW" })).toEqual({ status: 400, body: { error: "Message" } });
    expect(answer({ code: "NOT_FOUND", reason: "toString" })).toMatchObject({ status: 404 });
  });

  test.each(["GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX", "constructor", undefined])(
    "that no request of these routes can cause has no answer: %s",
    (code) => {
      expect(answer({ code })).toBeNull();
    },
  );

  test("of going too fast says a whole number of seconds, one at least", () => {
    const retryAt = new Date(Date.now() - 5000).toISOString();
    expect(answer({ code: "RATE_LIMITED", retryAt })).toMatchObject({ status: 429, headers: { "Retry-After": 1 } });
  });

  test("keeps ids beyond what JavaScript counts exactly", () => {
    const found = answer({ code: "NOT_REPLAYABLE", reason: "RESOLVED", resolvedBy: "9223372036854775807" });
    expect(JSON.stringify(found?.body)).toBe('{"error":"Message","resolved_by":9223372036854775807}');
  });
});
