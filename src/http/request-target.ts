/**
 * The path and query that a request's target names. Clients of proxies send whole URLs, and OPTIONS may ask of the server as a whole
 * (`*`): Express makes no path of what it cannot parse, and would answer with a page of its own.
 */
export function originForm(target = "/"): string {
  if (target.startsWith("/")) return target;
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  return path.startsWith("/") ? path : "/";
}
