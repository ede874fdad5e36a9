import { sql } from "kysely";
import { lockConnection } from "../attempts/lock.js";
import type { CalendarConnection } from "../connections/calendar-connection.entity.js";
import type { CalendarConnectionStatus } from "../connections/calendar-connection.enums.js";
import type { UnitOfWork } from "../database/unit-of-work.js";
import type { ListedCalendar } from "../providers/consent.js";
import type { ProviderName } from "../providers/provider.js";
import type { PendingGrant } from "./stored-consent.js";

/** How a connection may name its account's main calendar instead of by its id. */
const primaryAlias = "primary";

interface KnownConnection {
  id: string;
  calendar_id: string;
  status: CalendarConnectionStatus;
}

/** The connections that the firm has to calendars of an account. Other firms' are not seen. */
export async function knownConnections(
  unit: UnitOfWork,
  provider: ProviderName,
  { addresses }: PendingGrant,
): Promise<KnownConnection[]> {
  const lowered = addresses.map((address) => address.toLowerCase());
  const { rows } = await sql<KnownConnection>`
    select id, calendar_id, status from calendar_connection
    where firm_id = ${unit.firmId} and provider = ${provider} and lower(account_email) = any(${lowered}::text[])
    order by id
  `.execute(unit.em.getKysely());
  return rows;
}

/** The one among them that is the calendar's. */
export function connectionOf(calendar: ListedCalendar, known: readonly KnownConnection[]): KnownConnection | undefined {
  return known.find(({ calendar_id: id }) => id === calendar.id || (calendar.isPrimary && id === primaryAlias));
}

/** The firm's connection to the calendar, locked; null where it has none. */
export async function lockConnectionOf(
  unit: UnitOfWork,
  provider: ProviderName,
  grant: PendingGrant,
  calendar: ListedCalendar,
): Promise<CalendarConnection | null> {
  const found = connectionOf(calendar, await knownConnections(unit, provider, grant));
  return found ? lockConnection(unit, found.id) : null;
}
