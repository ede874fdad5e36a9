import { engineErrorCodes, providerErrorCodes, type ErrorCodeMeaning } from "./error-codes.js";

const heading = `# Error codes

Every failed attempt has one of these codes (\`errorCode\`). They are stable: alerts and clients may rely on them. The class says what
happens next by itself: a TRANSIENT failure and a RATE_LIMITED one are tried again by the retry policy, a NON_RETRYABLE one is not. The
remedy is that of an open failure; one whose retries are used up needs a REPLAY.

This page is written by \`npm run schema\`.
`;

/** docs/error-codes.md: the providers' codes and our own, each with its class, its remedy and what both mean. */
export function errorCodePage(): string {
  const sections = [
    heading,
    "## From a provider, or on the way to it\n",
    list(providerErrorCodes),
    "## From this server\n",
    list(engineErrorCodes),
  ];
  return sections.join("\n");
}

function list(codes: Readonly<Record<string, ErrorCodeMeaning>>): string {
  const entries = Object.entries(codes).map(
    ([code, { errorClass, sentence, remedy, advice }]) =>
      `- **${code}** (${errorClass}, ${remedy}): ${sentence} ${advice}\n`,
  );
  return entries.join("");
}
