import { until, type TestApp } from "../support/app.js";
import { addEvent } from "../support/calendar.js";

/** Stands in everything that a connection holds about people. */
export const canary = "canary";

/** What managers typed as a reason: the audit keeps it. */
export const reason = "typedreason";

const resyncOne = `mutation ($id: ID!, $key: String!) {
  resyncAppointment(appointmentId: $id, idempotencyKey: $key, reason: "${reason}") { result { status } }
}`;
const resyncAll = `mutation ($id: ID!, $key: String!) {
  resyncConnection(connectionId: $id, idempotencyKey: $key, reason: "${reason}", waitSeconds: 0) { run { id } }
}`;

/**
 * A connection whose every text has a canary: synced, with a run of one appointment, a failed attempt, a run that waits for its retry
 * and idempotency keys. Returns its id.
 */
export async function toldCalendar(app: TestApp, name: string, firmId = "1"): Promise<string> {
  const account = `${canary}.${name}@x.test`;
  const connection = await app.connect(account, firmId);
  for (const hour of [9, 10, 11]) addEvent(app.simulator, account, `${canary} visit ${hour}`, 1, hour);
  await app.pull(connection);
  const [appointment] = await app.sql<{ id: string }>("select id from appointment where connection_id = $1", [
    connection,
  ]);
  const key = `${canary}-${name}`;
  await app.manager(resyncOne, { id: appointment?.id, key }, firmId);
  app.simulator.control.addFault({
    match: { account, method: "GET" },
    times: null,
    then: { status: 503, headers: { "retry-after": "3600" } },
  });
  await app.manager(resyncAll, { id: connection, key }, firmId);
  await until(async () => {
    const waiting = "select from sync_run where connection_id = $1 and status = 'RETRYING'";
    return (await app.sql(waiting, [connection])).length === 1;
  });
  await writeCanaries(app, connection);
  return connection;
}

/** Into the columns that no request of a test reaches. */
async function writeCanaries(app: TestApp, connection: string): Promise<void> {
  const texts = `owner_id = '${canary}-owner', calendar_id = '${canary}-calendar', calendar_name = '${canary}', cursor = '${canary}'`;
  await app.sql(`update calendar_connection set ${texts} where id = $1`, [connection]);
  await app.sql(`update appointment set recurring_event_id = '${canary}' where connection_id = $1`, [connection]);
  await app.sql(
    `update sync_run set page_token = '${canary}', error_summary = case when error_code is not null then '${canary}' end, cancel_reason = '${canary}',
       skipped_events = '[{"externalEventId": "${canary}", "reason": "no start"}]'
     where connection_id = $1`,
    [connection],
  );
  await app.sql(
    `update sync_attempt set provider_request_id = '${canary}', error_summary = case when error_code is not null then '${canary}' end
     where connection_id = $1`,
    [connection],
  );
}
