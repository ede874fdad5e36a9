import { brokenAnswers, ownFindings } from "./broken-answers.js";
import type { ClassificationRow } from "./classification.js";
import { providerErrorCodes } from "./error-codes.js";
import { googleClassification } from "./google/errors.js";
import { microsoftClassification } from "./microsoft/errors.js";
import type { FailureAction, SyncErrorClass } from "./provider.js";

const heading = `# What providers answer, and what comes of it

Every failed call to a provider is sorted once, by the tables of this page: into a class, a code and an action. Reasons are compared
whatever their case, and the first row that fits decides. What codes mean, and what a person does about them, is in
[error codes](error-codes.md).

- **TRANSIENT** and **RATE_LIMITED** failures are tried again by the retry policy; a Retry-After that the provider sends is kept, up to a
  day. **NON_RETRYABLE** ones are not.
- _refresh_: the access token is refreshed and the call repeated within the attempt; refused again, the connection is revoked.
- _full round_: everything is read anew within the same attempt, once; the stored cursor stays until that is complete.
- _revoke_: the connection is revoked with the reason, and its runs are held until it is reconnected.
- _hold_: the run is held until the operator has acted; the connection stays as it is.
- _retry_: another attempt by the retry policy. _fail_: the run has failed.

Some refusals are answers, and fail nothing: an event that is asked for singly, or is to be changed or deleted, and is not there in a calendar
that is, is gone; one that is there already under our own key is looked up, and brought up to date.

Whatever comes, a cursor is stored with the last page of a complete round alone, and nothing is cancelled but by one.

This page is written by \`npm run schema\`. Each row is met by a test: those of a classification table by the one of the row's number
in \`test/providers/google/errors.test.ts\` or \`test/providers/microsoft/errors.test.ts\`, answers that are none by one of that name in
\`test/providers/contract-faults.ts\`, all others by the one that is named.
`;

/** docs/provider-answers.md: every answer of a provider that is known, its class, code, action, remedy and test. */
export function answerPage(): string {
  return [
    heading,
    "## Refused by Google\n",
    pageTable(googleClassification.map((row, index) => [...cells(conditionsOf(row), row), `row ${index + 1}`])),
    "## Refused by Microsoft\n",
    pageTable(microsoftClassification.map((row, index) => [...cells(conditionsOf(row), row), `row ${index + 1}`])),
    "## No answer of either\n",
    pageTable(brokenAnswers.map((broken) => [...cells(broken.answer, broken), `meets ${broken.answer}`])),
    "## Found by this server\n",
    pageTable(ownFindings.map((found) => [...cells(found.answer, found), `${found.test[0]}: ${found.test[1]}`])),
  ].join("\n");
}

/** The name of the test that meets a row of a table: its number, from 1 on, and every condition that it names. */
export function rowTestName(row: ClassificationRow, index: number): string {
  return `row ${index + 1}: ${conditionsOf(row)}`;
}

const endpointText = { TOKEN: "token endpoint", CALENDAR: "calendar" } as const;
const carriedText = { CURSOR: "to a cursor", PAGE_TOKEN: "to a page of a round" } as const;

function conditionsOf(row: ClassificationRow): string {
  const { endpoint, statuses, reasons, reasonPattern, carried, isWrite, isHtml } = row;
  const conditions = [
    endpoint && `${endpointText[endpoint]}${isWrite ? ", to a change" : ""}:`,
    statuses?.join(", ") ?? "any status",
    reasons && `with ${reasons.join(", ")}`,
    reasonPattern && `with ${reasonPattern.source}`,
    carried && carriedText[carried],
    isHtml && "as a web page",
  ];
  return conditions.filter(Boolean).join(" ");
}

type Sorted = Pick<ClassificationRow, "code" | "action" | "wait">;

function cells(answer: string, { code, action, wait }: Sorted): string[] {
  const { errorClass, remedy } = providerErrorCodes[code];
  return [answer, errorClass, code, `${actionText(action, errorClass)}${waitText(wait)}`, remedy];
}

function actionText(action: FailureAction = { kind: "FAIL" }, errorClass: SyncErrorClass): string {
  switch (action.kind) {
    case "REVOKE":
      return `revoke: ${action.reason}`;
    case "REFRESH_ACCESS":
      return "refresh";
    case "FULL_ROUND":
      return "full round";
    case "HOLD":
      return "hold";
    case "FAIL":
      return errorClass === "NON_RETRYABLE" ? "fail" : "retry";
  }
}

function waitText(wait: ClassificationRow["wait"]): string {
  if (wait === undefined) return "";
  return wait === "ONE_HOUR" ? ", wait an hour at least" : ", wait until midnight in California";
}

const columns = ["Answer", "Class", "Code", "Action", "Remedy", "Test"];

/** With columns as wide as their widest cell, as the formatter wants it. */
function pageTable(rows: readonly string[][]): string {
  const texts = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = columns.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const [head = [], ...body] = texts;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("");
}
