import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import type { AccountOfConnection } from "./connecting.js";

/**
 * Whether another connection, of any firm, has tokens of the same account; on the system login. Where a provider takes back one of an
 * account's tokens, it takes back all that the account has granted to this application.
 */
export async function isAccountShared(
  systemEm: EntityManager,
  { firmId, connectionId, provider, accountEmail }: AccountOfConnection,
): Promise<boolean> {
  const { rows } = await sql<{ is_shared: boolean }>`
    select exists (
      select from calendar_connection c
      join calendar_credential k on k.firm_id = c.firm_id and k.connection_id = c.id
      where c.provider = ${provider} and lower(c.account_email) = lower(${accountEmail})
        and (c.firm_id, c.id) <> (${firmId}::bigint, ${connectionId}::bigint)
    ) as is_shared
  `.execute(systemEm.getKysely());
  return rows[0]?.is_shared ?? true;
}
