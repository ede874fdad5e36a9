/** What a client may be told went wrong; one place (graphql/format-error.ts) turns codes into answers. */
export type ErrorCode =
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "BAD_USER_INPUT"
  | "CONFLICT"
  | "NOT_REPLAYABLE"
  | "RATE_LIMITED"
  | "UNAVAILABLE";

/** A refusal that the client is told: `message` is for humans, `details` become the error's extensions beside its code. */
export class AppError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "AppError";
  }
}

/** A missing id, an id of another firm and an id that is no id answer alike. */
export function notFound(): AppError {
  return new AppError("NOT_FOUND", "Not found.");
}

/** `argument` names the argument that is wrong. */
export function badArgument(argument: string, message: string): AppError {
  return new AppError("BAD_USER_INPUT", message, { argument });
}
