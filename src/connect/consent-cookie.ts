/** Longer than a consent lives, from its beginning to the last moment for the choice. */
const maxAgeSeconds = 30 * 60;

/** A consent's secret in the browser that has begun it. Each consent has a cookie of its own: several may be under way. */
export function consentCookie(consentId: string, secret: string, baseUrl: string): string {
  return `${nameOf(consentId)}=${secret}; Max-Age=${maxAgeSeconds}; ${attributes(baseUrl)}`;
}

export function endedConsentCookie(consentId: string, baseUrl: string): string {
  return `${nameOf(consentId)}=; Max-Age=0; ${attributes(baseUrl)}`;
}

/** The secret that a request's Cookie header has for a consent; null where there is none. */
export function secretInCookies(header: string | undefined, consentId: string): string | null {
  const start = `${nameOf(consentId)}=`;
  const pair = (header ?? "").split(";").find((one) => one.trimStart().startsWith(start));
  return pair?.trim().slice(start.length) ?? null;
}

function nameOf(consentId: string): string {
  return `calendar-consent-${consentId}`;
}

/** Lax: the provider sends the browser back from its own site, by a link. */
function attributes(baseUrl: string): string {
  const { pathname, protocol } = new URL(baseUrl);
  const path = `${pathname.replace(/\/$/, "")}/oauth`;
  return `Path=${path}; HttpOnly; SameSite=Lax${protocol === "https:" ? "; Secure" : ""}`;
}
