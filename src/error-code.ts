/**
 * The code that an error of Node, PostgreSQL or a client library carries, such as ENOENT; null where there is none. Asks what the
 * error has, not what it is an instance of: an error of another realm (a worker, a vm) counts too.
 */
export function errorCode(error: unknown): string | null {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return typeof code === "string" ? code : null;
}
