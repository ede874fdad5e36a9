import { createHmac, timingSafeEqual } from "node:crypto";
import { sql } from "kysely";
import { queueFirstPull } from "../attempts/connect-run.js";
import { record } from "../audit/record.js";
import { storeCredentials } from "../connections/credentials.js";
import type { CalendarConnectionStatus } from "../connections/calendar-connection.enums.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { insertFirm } from "../firms/insert-firm.js";
import type { ListedCalendar } from "../providers/consent.js";
import type { ConsentContext } from "./connecting.js";
import { secretInCookies } from "./consent-cookie.js";
import { firmOfSecret } from "./firm-secret.js";
import { connectionOf, knownConnections, lockConnectionOf } from "./known-connections.js";
import { nextPullAt } from "./next-pull.js";
import { reconnect } from "./reconnect-by-consent.js";
import { ConsentRefusedError } from "./refusals.js";
import { consentOfChoice, loadGrant, removeConsent, type PendingGrant, type StoredConsent } from "./stored-consent.js";

/** What a browser shows of its consent. */
export interface Choice {
  consentId: string;
  /** To be sent along with the choice: only the page that was shown to this browser knows it. */
  token: string;
  /** The account's address. */
  account: string;
  calendars: (ListedCalendar & { status: CalendarConnectionStatus | null })[];
  returnUrl: string | null;
}

export interface ChosenCalendar {
  consentId: string;
  token: string;
  calendarId: string;
  /** The request's Cookie header. */
  cookies: string | undefined;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws ConsentRefusedError */
export function choiceOf(
  context: ConsentContext,
  asked: Pick<ChosenCalendar, "consentId" | "cookies">,
): Promise<Choice> {
  return withConsent(context, asked, async ({ unit, consent, grant, secret }) => {
    const known = await knownConnections(unit, consent.provider, grant);
    const calendars = grant.calendars.map((calendar) => ({
      ...calendar,
      status: connectionOf(calendar, known)?.status ?? null,
    }));
    const { id: consentId, returnUrl } = consent;
    return { consentId, token: tokenOf(secret, consentId), account: grant.addresses[0], calendars, returnUrl };
  });
}

/**
 * Connects the chosen calendar, or reconnects it where the firm has it revoked, all in one transaction with the end of the consent.
 * @throws ConsentRefusedError; then nothing has changed, and another calendar may be chosen
 */
export async function chooseCalendar(
  context: ConsentContext,
  chosen: ChosenCalendar,
): Promise<{ connectionId: string; returnUrl: string | null }> {
  const connected = await withConsent(context, chosen, async (found) => {
    const { unit, consent, grant, secret } = found;
    if (!isEqual(tokenOf(secret, consent.id), chosen.token)) throw new ConsentRefusedError("LINK_NOT_VALID");
    const calendar = grant.calendars.find(({ id }) => id === chosen.calendarId);
    if (!calendar) throw new ConsentRefusedError("NO_SUCH_CALENDAR", consent.returnUrl);
    const connectionId = await connect(context, found, calendar);
    await removeConsent(unit, consent.id);
    await failpoint("choice.in-transaction");
    return { connectionId, returnUrl: consent.returnUrl };
  });
  await failpoint("choice.committed");
  return connected;
}

interface FoundConsent {
  unit: UnitOfWork;
  consent: StoredConsent;
  grant: PendingGrant;
  /** The browser's. */
  secret: string;
}

/** Does the work in a transaction, in which the consent is locked. */
async function withConsent<T>(
  { em, connecting }: ConsentContext,
  { consentId, cookies }: Pick<ChosenCalendar, "consentId" | "cookies">,
  work: (found: FoundConsent) => Promise<T>,
): Promise<T> {
  if (!uuid.test(consentId)) throw new ConsentRefusedError("LINK_NOT_VALID");
  const secret = secretInCookies(cookies, consentId);
  const firmId = secret === null ? null : firmOfSecret(secret);
  if (secret === null || firmId === null) throw new ConsentRefusedError("OTHER_BROWSER");
  return unitOfWork(em, firmId, async (unit) => {
    const consent = await consentOfChoice(unit, consentId);
    if (!consent) throw new ConsentRefusedError("LINK_NOT_VALID");
    if (!consent.isOfBrowser(secret)) throw new ConsentRefusedError("OTHER_BROWSER");
    return work({ unit, consent, grant: await loadGrant(unit, connecting.cipher, consentId), secret });
  });
}

/** Known to whoever knows the browser's secret, which no other page can read. */
function tokenOf(secret: string, consentId: string): string {
  return createHmac("sha256", secret).update(`choice of ${consentId}`).digest("base64url");
}

function isEqual(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Returns the connection's id. */
async function connect(
  context: ConsentContext,
  { unit, consent, grant }: FoundConsent,
  calendar: ListedCalendar,
): Promise<string> {
  const existing = await lockConnectionOf(unit, consent.provider, grant, calendar);
  if (existing && existing.status !== "REVOKED") {
    throw new ConsentRefusedError("ALREADY_CONNECTED", consent.returnUrl);
  }
  if (existing) {
    await reconnect(context, unit, existing, { consent, grant });
    return existing.id;
  }
  await insertFirm(unit, `Firm ${unit.firmId}`);
  const firstOfSchedule = nextPullAt(unit, context.connecting);
  const connectionId = await insertConnection(unit, consent, grant.addresses[0], { calendar, firstOfSchedule });
  await storeCredentials(unit, context.connecting.cipher, connectionId, grant.refreshToken, grant.scopes);
  const by = { actorId: consent.userId, reason: consent.reason };
  const run = await queueFirstPull(unit, context.runs, connectionId, by);
  record(unit, {
    eventType: "calendar_connection_connected",
    actorId: consent.userId,
    resource: { type: "calendar_connection", id: connectionId },
    correlationId: run.correlationId,
    metadata: { provider: consent.provider.toLowerCase(), owner_id: consent.ownerId, reason: consent.reason },
  });
  return connectionId;
}

/** Somebody else of the firm may connect the same calendar at this moment: then it is connected. */
async function insertConnection(
  unit: UnitOfWork,
  { provider, ownerId, returnUrl }: StoredConsent,
  account: string,
  { calendar, firstOfSchedule }: { calendar: ListedCalendar; firstOfSchedule: Date },
): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id, calendar_name, next_pull_at, created_at, updated_at)
    values (${unit.firmId}, ${provider}, ${ownerId}, ${account}, ${calendar.id}, ${calendar.name},
      ${firstOfSchedule}::timestamptz, ${unit.now}::timestamptz, ${unit.now}::timestamptz)
    on conflict (firm_id, provider, account_email, calendar_id) do nothing
    returning id
  `.execute(unit.em.getKysely());
  const [row] = rows;
  if (!row) throw new ConsentRefusedError("ALREADY_CONNECTED", returnUrl);
  return row.id;
}
