/** Google makes ids of 26 or more letters at random, and none that is this with exactly 32 hexadecimal digits behind it. */
const prefix = "csa";
const ownId = new RegExp(`^${prefix}([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$`);

/**
 * The id that an event of ours has at Google: it is chosen by the client, so that a repeated insert is refused. Of the letters a to v
 * and digits only (base32hex). Source: developers.google.com/workspace/calendar/api/v3/reference/events, `id`.
 * @param eventKey a UUID
 */
export function googleIdOf(eventKey: string): string {
  return `${prefix}${eventKey.toLowerCase().replaceAll("-", "")}`;
}

/** The key in an id that we have chosen; null for all others, also for those of a series' occurrences (`…_20260131T090000Z`). */
export function eventKeyOfGoogleId(id: string): string | null {
  const parts = ownId.exec(id)?.slice(1);
  return parts === undefined ? null : parts.join("-");
}
