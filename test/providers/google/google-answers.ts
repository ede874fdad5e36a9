/** Error bodies as Google writes them. */

/** The style of Calendar since its beginning. */
export function calendarError(code: number, domain: string, reason: string, location?: string): object {
  const where = location === undefined ? {} : { locationType: "parameter", location };
  return { error: { code, message: "canary", errors: [{ domain, reason, message: "canary", ...where }] } };
}

/** The newer style, of Google's common error details. */
export function commonError(code: number, status: string, reason: string): object {
  const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com" }];
  return { error: { code, message: "canary", status, details } };
}

/** The token endpoint's style. */
export function tokenError(error: string): object {
  return { error, error_description: "canary" };
}
