import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { remedyOf } from "../../src/attempts/remedy.js";
import { SyncErrorClass, SyncRemedy } from "../../src/attempts/sync.enums.js";
import { errorCodePage } from "../../src/providers/error-code-page.js";
import { errorCodes } from "../../src/providers/error-codes.js";

const codes = [...errorCodes];

test("docs/error-codes.md is what the table of codes says", () => {
  expect(readFileSync(new URL("../../docs/error-codes.md", import.meta.url), "utf8")).toBe(errorCodePage());
});

describe.each(codes)("%s", (code, { errorClass, sentence, remedy, advice }) => {
  test("has a class and a remedy that the API knows, and says in sentences what happened and what to do", () => {
    expect(code).toMatch(/^[A-Z][A-Z_]+$/);
    expect(Object.keys(SyncErrorClass)).toContain(errorClass);
    expect(Object.keys(SyncRemedy)).toContain(remedy);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(advice).toMatch(/^[A-Z].*\.$/);
  });

  test("is waited for exactly if it goes on by itself", () => {
    const goesOn = errorClass !== "NON_RETRYABLE" || code.endsWith("_EXPIRED");
    expect(remedy === "WAIT").toBe(goesOn);
  });
});

describe("the remedy of an attempt", () => {
  const remedies = (state: string, exhausted: boolean, errorClass: string, errorCode: string) =>
    remedyOf({ state, maxRetriesReached: exhausted, errorClass, errorCode } as Parameters<typeof remedyOf>[0]);

  test.each(["RESOLVED", "SUPERSEDED"])("is none where its failure is %s", (state) => {
    expect(remedies(state, true, "TRANSIENT", "TIMEOUT")).toBe("NONE");
    expect(remedies(state, false, "NON_RETRYABLE", "INVALID_GRANT")).toBe("NONE");
  });

  test.each(["TRANSIENT", "RATE_LIMITED"])("of a %s failure is to wait, then to replay", (errorClass) => {
    expect(remedies("OPEN", false, errorClass, "TIMEOUT")).toBe("WAIT");
    expect(remedies("OPEN", true, errorClass, "TIMEOUT")).toBe("REPLAY");
  });

  test("of a non-retryable failure is its code's; what nobody here knows goes to the operator", () => {
    expect(remedies("OPEN", false, "NON_RETRYABLE", "MASS_CANCEL")).toBe("CONFIRM_MASS_CANCEL");
    expect(remedies("OPEN", false, "NON_RETRYABLE", "INVALID_GRANT")).toBe("RECONNECT");
    expect(remedies("OPEN", false, "NON_RETRYABLE", "OF_A_LATER_VERSION")).toBe("CONTACT_OPERATOR");
  });
});
