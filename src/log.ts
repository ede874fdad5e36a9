import { pino, type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";

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
  return config.isPretty ? pino(options, pretty({ sync: true })) : pino(options);
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
  if (!(error instanceof Error)) return { type: typeof error, message: "not an Error" };
  return {
    type: error.name,
    ...codeOf(error),
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause instanceof Error ? { cause: { type: error.cause.name, ...codeOf(error.cause) } } : {}),
  };
}

function codeOf(error: Error): { code?: string } {
  return "code" in error && typeof error.code === "string" ? { code: error.code } : {};
}
