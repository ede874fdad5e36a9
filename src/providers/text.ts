/** PostgreSQL refuses NUL in text and lone surrogates are no UTF-8: both are replaced or dropped before anything is stored. */
export function cleanText(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}

/** Whether an id or a token can be stored as it is. Cleaning would make it another one. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

const maximumIdBytes = 1024;

/** Whether an event's id is one we can keep: not empty, storable, and short enough for an index. */
export function isUsableEventId(id: string): boolean {
  return id.length > 0 && isStorableText(id) && Buffer.byteLength(id) <= maximumIdBytes;
}
