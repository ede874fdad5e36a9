import { pino, type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";
import { errorCode } from "./error-code.js";

/** Names under which a secret or a person's data would travel, one level below what is logged; what they hold is not written. */
const secretKeys = [
  "authorization",
  "cookie",
  "token",
  "accessToken",
  "refreshToken",
  "password",
  "secret",
  "body",
  "accountEmail",
  "title",
];

/**
 * The server's log: JSON lines on standard output, or for people to read when `isPretty`. Logged are ids, times and codes; of an
 * error its kind, code, message and stack, never what else hangs on it: client libraries keep tokens there.
 */
export function createLogger(config: { level: string; isPretty: boolean }, destination?: DestinationStream): Logger {
  const options = {
    level: config.level,
    base: null,
    redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`]), censor: "[redacted]" },
    serializers: { err: describeError },
  };
  if (destination) return pino(options, destination);
  return config.isPretty ? pino(options, pretty({ sync: true, singleLine: true })) : pino(options);
}

interface ErrorDescription {
  type: string;
  code?: string;
  message: string;
  stack?: string;
  /** Of a cause only its kind and code: its message may hold what was sent. */
  cause?: { type: string; code?: string };
}

function describeError(error: unknown): ErrorDescription {
  if (!isErrorLike(error)) return { type: typeof error, message: "not an error" };
  const { message, stack, cause } = error;
  return {
    ...kindOf(error),
    message: withoutValue(error, message),
    ...(typeof stack === "string" ? { stack: withoutValue(error, stack) } : {}),
    ...(isErrorLike(cause) ? { cause: kindOf(cause) } : {}),
  };
}

/** PostgreSQL's data exceptions quote the value that was wrong: a parameter. */
function withoutValue(error: ErrorLike, text: string): string {
  return (errorCode(error) ?? "").startsWith("22") ? text.replace(/: ".*"/s, ': "[redacted]"') : text;
}

interface ErrorLike {
  name: string;
  message: string;
  stack?: unknown;
  cause?: unknown;
}

function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === "object" && error !== null && "message" in error && "name" in error;
}

function kindOf(error: ErrorLike): { type: string; code?: string } {
  const code = errorCode(error);
  return { type: error.name, ...(code === null ? {} : { code }) };
}
