import type { Given } from "../support/given.js";

/** Ids of every kind that a firm has, each told apart from every other text. */
export const foreign = {
  ...{ connection: "700001", appointment: "700002", run: "700003", attempt: "700004", auditEvent: "700005" },
  correlationId: "77777777-7777-4777-8777-777777777777",
  ...{ ownerId: "owner7", externalEventId: "event7", accountEmail: "eve7@example.test", idempotencyKey: "key7" },
};

/** As long, and of nobody. */
export const missing: typeof foreign = {
  ...{ connection: "900001", appointment: "900002", run: "900003", attempt: "900004", auditEvent: "900005" },
  correlationId: "99999999-9999-4999-8999-999999999999",
  ...{ ownerId: "owner9", externalEventId: "event9", accountEmail: "eve9@example.test", idempotencyKey: "key9" },
};

/** No answer to another firm may hold one of these. */
export const foreignText = /7000\d\d|77777777|owner7|event7|eve7|key7/;

/** Firm 2 has something of everything, under the foreign ids; firm 1 has one connection, with the id 1. */
export async function givenTwoFirms(given: Given): Promise<void> {
  await given.connection({ id: "1" });
  const ofFirm = { firm_id: "2" };
  const { connection, appointment, run, attempt, correlationId } = foreign;
  await given.connection({
    ...{ ...ofFirm, id: connection, owner_id: foreign.ownerId, account_email: foreign.accountEmail },
  });
  await given.appointment({
    ...{ ...ofFirm, id: appointment, connection_id: connection, external_event_id: foreign.externalEventId },
  });
  await given.openFailure(
    connection,
    { ...ofFirm, id: attempt, operation: "UPSERT", appointment_id: appointment, correlation_id: correlationId },
    { ...ofFirm, id: run, correlation_id: correlationId, appointment_id: appointment },
  );
  await given.auditEvent({
    ...{ ...ofFirm, id: foreign.auditEvent, resource_id: connection, correlation_id: correlationId },
    actor_id: foreign.ownerId,
  });
  await given.sql(
    `insert into idempotency_key (firm_id, user_id, operation, key, arguments_hash, run_id)
     values (2, '42', 'resyncConnection', $1, sha256('anything'), $2)`,
    [foreign.idempotencyKey, run],
  );
}

/** Everything that firm 2 has, in every table, as one hash. */
export async function everythingOfFirm2(given: Given): Promise<string> {
  const tables = await given.sql<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where a.attname = 'firm_id' and c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
     order by name`,
  );
  const hashes: string[] = [];
  for (const { name } of tables) {
    const [row] = await given.sql<{ hash: string | null }>(
      `select md5(string_agg(t::text, '|' order by t::text)) as hash from ${name} t where firm_id = 2`,
    );
    hashes.push(`${name} ${row?.hash ?? "-"}`);
  }
  return hashes.join("\n");
}
