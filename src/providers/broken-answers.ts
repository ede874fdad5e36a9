import type { ProviderErrorCode } from "./error-codes.js";
import type { FailureAction } from "./provider.js";

interface BrokenAnswer {
  /** What comes instead of an answer. */
  answer: string;
  code: ProviderErrorCode;
}

/**
 * What is no answer at all, or none of the provider's interface, and as what a call to either provider fails then. Tests meet each of
 * them under this name.
 */
export const brokenAnswers = [
  { answer: "no answer at all", code: "TIMEOUT" },
  { answer: "a reset connection", code: "CONNECTION_ERROR" },
  { answer: "a connection closed before the answer", code: "CONNECTION_ERROR" },
  { answer: "an answer that stops in the middle", code: "TIMEOUT" },
  { answer: "a connection closed in the middle of the answer", code: "CONNECTION_ERROR" },
  { answer: "a truncated answer that looks complete", code: "MALFORMED_ANSWER" },
  { answer: "headers byte by byte", code: "TIMEOUT" },
  { answer: "a body byte by byte", code: "TIMEOUT" },
  { answer: "a web page with 200", code: "MALFORMED_ANSWER" },
  { answer: "an empty 200", code: "MALFORMED_ANSWER" },
  { answer: "a 204", code: "MALFORMED_ANSWER" },
  { answer: "a 304", code: "MALFORMED_ANSWER" },
  { answer: "null", code: "MALFORMED_ANSWER" },
  { answer: "an endless answer", code: "ANSWER_TOO_LARGE" },
  { answer: "a page of 300 MB", code: "ANSWER_TOO_LARGE" },
  { answer: "a page of 300 MB in 300 kB", code: "ANSWER_TOO_LARGE" },
  { answer: "broken compression", code: "MALFORMED_ANSWER" },
  { answer: "truncated compression", code: "MALFORMED_ANSWER" },
  { answer: "a compression nobody asked for", code: "MALFORMED_ANSWER" },
  { answer: "something that is not HTTP", code: "CONNECTION_ERROR" },
  { answer: "headers of a megabyte", code: "CONNECTION_ERROR" },
  { answer: "a status of its own", code: "CONNECTION_ERROR" },
] as const satisfies readonly BrokenAnswer[];

interface Finding extends BrokenAnswer {
  /** Left out: FAIL. */
  action?: FailureAction;
  /** The test's file, and what is written there of it. */
  test: readonly [file: string, name: string];
}

const wholeApplication = "test/faults/provider-fault-cases.ts";

/** What this server finds itself in answers that are none the less the provider's, or about its own calls. */
export const ownFindings: readonly Finding[] = [
  {
    answer: "a list whose pages name each other in a circle",
    code: "PAGE_TOKEN_REPEATED",
    test: [wholeApplication, "a page that names itself as the next one"],
  },
  {
    answer: "a list of more pages than one attempt reads",
    code: "TOO_MANY_PAGES",
    test: [wholeApplication, "pages without end"],
  },
  {
    answer: "a last page without a cursor",
    code: "MALFORMED_ANSWER",
    test: ["test/providers/contract.ts", "without a token to go on from is a malformed answer"],
  },
  {
    answer: "an access token that is refused, and the ones after it as well",
    code: "ACCESS_TOKEN_REFUSED",
    action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" },
    test: [wholeApplication, 'revoked("ACCESS_TOKEN_REFUSED", "CREDENTIALS_REFUSED")'],
  },
  {
    answer: "a stored cursor that is none of the provider's",
    code: "CURSOR_EXPIRED",
    action: { kind: "FULL_ROUND" },
    test: ["test/providers/contract-failures.ts", "a cursor that is none asks for a full round"],
  },
  {
    answer: "a page to go on from that is none of the provider's",
    code: "PAGE_TOKEN_EXPIRED",
    action: { kind: "FULL_ROUND" },
    test: ["test/providers/contract-failures.ts", "a page that is none asks for the round to start again"],
  },
  {
    answer: "a call that this server stops itself",
    code: "CALL_ABORTED",
    test: ["test/providers/contract-faults.ts", "ends, though the provider hangs"],
  },
  {
    answer: "an error of a provider's client that nobody knows",
    code: "UNEXPECTED_ERROR",
    test: ["test/providers/answer-page.test.ts", "an error of a client that nobody knows is told as such"],
  },
];
