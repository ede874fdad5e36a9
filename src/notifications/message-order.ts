import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";

/** So many keys of a channel's last messages are remembered. */
const remembered = 64;

interface OrderRow {
  last_message: string;
  recent_messages: string[];
}

/** Tells messages of a channel that come again. */
export class MessageOrder {
  /**
   * Notes messages of a channel and tells how many of them are new: numbers rise from message to message, keys come once. What has neither
   * is always new. The channel's row is locked until the transaction ends.
   */
  async noteNew(
    { em, firmId }: UnitOfWork,
    channelId: string,
    identities: readonly (number | string | null)[],
  ): Promise<number> {
    const { rows } = await sql<OrderRow>`
      select last_message, recent_messages from watch_channel where firm_id = ${firmId} and id = ${channelId} for update
    `.execute(em.getKysely());
    const [row] = rows;
    if (!row) return 0;
    const seen = new Set(row.recent_messages);
    let last = Number(row.last_message);
    let fresh = 0;
    for (const identity of identities) {
      if (typeof identity === "number" ? identity <= last : identity !== null && seen.has(digestOf(identity))) continue;
      fresh += 1;
      if (typeof identity === "number") last = identity;
      else if (identity !== null) seen.add(digestOf(identity));
    }
    await sql`
      update watch_channel set last_message = ${last}, recent_messages = ${[...seen].slice(-remembered)}::text[]
      where firm_id = ${firmId} and id = ${channelId}
    `.execute(em.getKysely());
    return fresh;
  }
}

/** Keys name events: no more is kept than what recognizes them. */
function digestOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url").slice(0, 22);
}
