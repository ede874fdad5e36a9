const known = new Map<string, string>();

/**
 * The name as given if it is an IANA zone this server knows, else null. Offsets such as `+02:00` are no names.
 * A zone's formatter costs far more than a lookup, so valid names are kept; rubbish is not, or a provider could fill the memory.
 */
export function ianaTimeZone(name: string | null | undefined): string | null {
  if (!name || !/^[A-Za-z]/.test(name)) return null;
  const found = known.get(name);
  if (found !== undefined) return found;
  if (!isTimeZone(name)) return null;
  known.set(name, name);
  return name;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
