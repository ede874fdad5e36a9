/** The SQLSTATE or system code that a call failed with, for instance 42501 or ENOENT; empty where there is none. */
export function errorCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** What an error says, in one line. A host with several addresses fails with an error for each. */
export function errorMessage(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const own = "message" in error ? String(error.message).replaceAll("\n", " ") : "";
  return own === "" && "errors" in error && Array.isArray(error.errors)
    ? error.errors.map(errorMessage).join(", ")
    : own;
}
