const prefix = "csa-";
const ownTransaction = new RegExp(`^${prefix}([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`);

/**
 * What a creation of ours is called at Graph, which carries out only one of a name; it stays with the event. Other applications call
 * theirs by a bare UUID: with the prefix none is taken for ours. Source: learn.microsoft.com/graph/api/resources/event, `transactionId`.
 * @param eventKey a UUID
 */
export function transactionIdOf(eventKey: string): string {
  return `${prefix}${eventKey.toLowerCase()}`;
}

/** The key in the name of a creation; null where it was not ours. */
export function eventKeyOfTransaction(transactionId: string | null | undefined): string | null {
  return ownTransaction.exec(transactionId ?? "")?.[1] ?? null;
}
