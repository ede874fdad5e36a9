import { importing } from "../import/importing.js";
import { given } from "../import/lines.js";
import { beginReconnect, Browser, connectAccount, consent, synced } from "../connect/consent-flow.js";
import { CredentialCipher, parseCredentialKeys } from "../../src/connections/credential-cipher.js";
import { rotateFirm } from "../../src/connections/credential-rotation.js";
import { ChannelEnding } from "../../src/erase/channel-ending.js";
import { eraseConnection } from "../../src/erase/erase-connection.js";
import { eraseFirm } from "../../src/erase/erase-firm.js";
import { openDatabase } from "../../src/database/orm.js";
import { editTold } from "../notifications/watching.js";
import { Changes } from "../pushing/changes.js";
import { until, type TestApp } from "../support/app.js";
import { at } from "../support/calendar.js";
import { letTimePass } from "../support/manager.js";
import { fileKeys } from "../support/secrets.js";

/** Stands in everything that is written about people, in every way in which it may come in. */
export const canary = "canary";

/** What managers type as a reason, which the audit keeps. */
export const reason = "typed reason";

/** So many failed runs in a row open a connection's circuit. */
export const circuitFailedRuns = 3;

const account = `${canary}.person@example.test`;

/** Everything that is audited, done once or more, by a manager whose name is a canary, with canaries in all that is said of people. */
export async function doEverything(app: TestApp): Promise<void> {
  const connection = await connectWithEvents(app);
  await changeAtProvider(app, connection);
  await changeHere(app, connection);
  await failAtProvider(app, connection);
  await refuseMassCancel(app, connection);
  await stopAndResume(app, connection);
  await openAndCloseCircuit(app);
  await revokeAndReconnect(app, connection);
  await importOld(app);
  await askBadly(app);
  await disconnectAndErase(app, connection);
}

/** As its user does it: with attendees, a place and a text. */
function addEvent(app: TestApp, number: number): string {
  const people = { email: `${canary}.guest@example.test`, displayName: `${canary} guest` };
  const times = { start: { dateTime: at(1, number) }, end: { dateTime: at(1, number + 1) } };
  const told = { title: `${canary} title`, description: `${canary} text`, location: `${canary} street` };
  return app.simulator.control.createEvent(account, { ...told, ...times, attendees: [people] }).id;
}

async function connectWithEvents(app: TestApp): Promise<string> {
  await app.sql("insert into firm (id, name) values (1, $1)", [`${canary} firm`]);
  app.simulator.control.addAccount(account, { provider: "google" });
  for (let hour = 0; hour < 14; hour++) addEvent(app, hour);
  const connection = await connectAccount(app, account, { ownerId: "staff-7", reason });
  await synced(app, connection);
  return connection;
}

/** Moved and cancelled by the calendar's user, who is told of by a message, too. */
async function changeAtProvider(app: TestApp, connection: string): Promise<void> {
  const { control } = app.simulator;
  control.updateEvent(account, addEvent(app, 15), { title: `${canary} other title` });
  await editTold(app, account, `${canary} told title`);
  const [moved, gone] = control.occurrences(account, new Date(at(0)), new Date(at(3)));
  control.updateEvent(account, String(moved?.id), { start: { dateTime: at(2, 5) }, end: { dateTime: at(2, 6) } });
  control.deleteEvent(account, String(gone?.id));
  await app.pull(connection);
}

async function changeHere(app: TestApp, connection: string): Promise<void> {
  const changes = new Changes(app);
  const { appointment } = await changes.create(connection, { title: `${canary} visit`, reason });
  await changes.update(appointment.id, { title: `${canary} other visit`, reason });
  await app.manager(
    `mutation ($id: ID!) { resyncAppointment(appointmentId: $id, reason: "${reason}", idempotencyKey: "${canary}-key") { result { status } } }`,
    { id: appointment.id },
  );
  app.simulator.control.addFault({ match: { account, method: "DELETE" }, times: 6, then: quoting(503) });
  await changes.cancel(appointment.id, { reason, waitSeconds: 0 });
  await passTimeUntil(app, connection, "status = 'FAILED' and direction = 'PUSH'");
  await app.pull(connection); // which recovers the push
  await app.quiet(connection);
}

/** A provider's answer that quotes whom and what it is about. */
function quoting(status: number) {
  const message = `${canary} title of ${account} could not be read`;
  return { status, body: { error: { code: status, message, errors: [{ reason: "backendError", message }] } } };
}

async function failAtProvider(app: TestApp, connection: string): Promise<void> {
  const { control } = app.simulator;
  for (const status of [429, 400, 503]) {
    control.addFault({ match: { account, method: "GET" }, times: status === 503 ? 7 : 1, then: quoting(status) });
    await app.pull(connection);
  }
  await passTimeUntil(app, connection, "status = 'FAILED' and retry_count >= 5");
  for (let replays = 0; replays < 2; replays++) {
    const { failedAttempts } = await app.manager<{ failedAttempts: { nodes: { id: string }[] } }>(
      "{ failedAttempts(includeExhausted: true) { nodes { id } } }",
    );
    await app.manager(
      `mutation ($id: ID!) { replayAttempt(attemptId: $id, reason: "${reason}") { result { status } } }`,
      { id: failedAttempts.nodes[0]?.id },
    );
  }
}

async function passTimeUntil(app: TestApp, connection: string, condition: string): Promise<void> {
  const found = `select from sync_run where connection_id = $1 and ${condition}`;
  await until(async () => {
    await letTimePass(app, connection);
    return (await app.sql(found, [connection])).length > 0;
  });
}

async function refuseMassCancel(app: TestApp, connection: string): Promise<void> {
  const { control } = app.simulator;
  for (const { id } of control.occurrences(account, new Date(at(0)), new Date(at(9)))) control.deleteEvent(account, id);
  const resync = `mutation ($id: ID!) { resyncConnection(connectionId: $id, reason: "${reason}") { result { errorCode } } }`;
  await app.manager(resync, { id: connection });
}

async function stopAndResume(app: TestApp, connection: string): Promise<void> {
  const { control } = app.simulator;
  control.addFault({ match: { account, method: "GET" }, then: { delayMs: 3_000 } });
  const resync = `mutation ($id: ID!) { resyncConnection(connectionId: $id, allowMassCancel: true, waitSeconds: 0) { run { correlationId } } }`;
  const { resyncConnection } = await app.manager<{ resyncConnection: { run: { correlationId: string } } }>(resync, {
    id: connection,
  });
  await app.manager(`mutation ($id: ID!) { cancelSyncRun(correlationId: $id, reason: "${reason}") { run { id } } }`, {
    id: resyncConnection.run.correlationId,
  });
  await app.quiet(connection);
  for (const deed of ["pauseConnection", "resumeConnection"])
    await app.manager(`mutation ($id: ID!) { ${deed}(connectionId: $id, reason: "${reason}") { id } }`, {
      id: connection,
    });
}

/** Of a connection that has never succeeded: so many failed runs as the test's limits say, and then a success. */
async function openAndCloseCircuit(app: TestApp): Promise<void> {
  const { control } = app.simulator;
  const failing = `${canary}.failing@example.test`;
  const connection = await app.connect(failing);
  control.addFault({ match: { account: failing, pathRegex: "/events" }, times: null, then: quoting(400) });
  for (let failed = 0; failed < circuitFailedRuns; failed++) await app.pull(connection);
  control.clearFaults();
  await app.pull(connection);
}

/** By the user, at the provider, whose answer to that names them. */
async function revokeAndReconnect(app: TestApp, connection: string): Promise<void> {
  const { control } = app.simulator;
  control.setRevoked(account, true);
  await app.pull(connection);
  control.setRevoked(account, false);
  const browser = new Browser();
  await consent(browser, await beginReconnect(app, browser, connection, { reason }), { account });
  await synced(app, connection);
}

async function importOld(app: TestApp): Promise<void> {
  const told = { account_email: `${canary}.old@example.test`, calendar_name: `${canary} calendar`, owner_id: canary };
  await importing(app.installation.database, [
    [
      given.firm(3, `${canary} old firm`),
      given.connection(3, 301, told),
      given.appointment(3, 302, 301, { title: `${canary} old title` }),
      given.failedAttempt(3, 303, 301, { error_summary: `${canary} summary` }),
    ],
  ]);
}

/** Refused, with what a client has typed; and questions to the audit that name somebody. */
async function askBadly(app: TestApp): Promise<void> {
  const questions = [
    `query ${canary}Operation { auditEvents(actorId: "${account}", severity: "${canary}") { totalCount } }`,
    `{ auditEvents(resourceId: "${canary}", correlationId: "${account}") { totalCount } }`,
    `{ calendarConnections(search: "${account}") { totalCount } }`,
    `mutation { pauseConnection(connectionId: "${canary}") { id } }`,
    `{ ${canary}Field }`,
  ];
  for (const question of questions) await app.manager(question).catch(() => undefined);
}

async function disconnectAndErase(app: TestApp, connection: string): Promise<void> {
  await app.manager(`mutation ($id: ID!) { disconnectCalendar(connectionId: $id, reason: "${reason}") { id } }`, {
    id: connection,
  });
  const database = await openDatabase(app.installation.database.appUrl, 1);
  await rotateFirm(database.em, newerCipher(), "3");
  const channels = new ChannelEnding(database.em, () => Promise.resolve(false)); // what is left expires
  await eraseConnection(database.em, "1", connection, channels);
  await eraseFirm(database.em, "3", channels, () => undefined);
  await database.close();
}

/** With a newer key beside the one that imports are encrypted with. */
function newerCipher(): CredentialCipher {
  const newer = `2:${Buffer.alloc(32, 2).toString("base64")}`;
  return new CredentialCipher(parseCredentialKeys(`${newer},${fileKeys}`));
}
