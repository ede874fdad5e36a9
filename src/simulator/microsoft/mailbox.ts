import { ownerNameOf } from "../accounts.js";
import type { Account, CalendarEntry } from "../accounts.js";
import type { SimulatedCalendar } from "../calendar.js";
import { calendarKey, decodeCalendarId, graphCalendarId, userIdOf } from "./graph-id.js";
import { itemNotFound, malformedId } from "./graph-error.js";
import { windowsZone } from "./zone-name.js";

/** What is in a mailbox besides events: its user, settings and calendars. */

const NOWHERE = { dateTime: "2000-01-01T00:00:00.0000000", timeZone: "UTC" };

export function userResource(account: Account): Record<string, unknown> {
  return {
    businessPhones: [],
    displayName: ownerNameOf(account),
    givenName: null,
    jobTitle: null,
    mail: account.email,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname: null,
    userPrincipalName: account.email,
    id: userIdOf(account.email),
  };
}

export function mailboxSettingsResource(account: Account): Record<string, unknown> {
  const zone = windowsZone(defaultCalendar(account).description.timeZone);
  return {
    archiveFolder: null,
    timeZone: zone,
    delegateMeetingMessageDeliveryOptions: "sendToDelegateOnly",
    dateFormat: "yyyy-MM-dd",
    timeFormat: "HH:mm",
    userPurpose: "user",
    automaticRepliesSetting: {
      status: "disabled",
      externalAudience: "all",
      internalReplyMessage: "",
      externalReplyMessage: "",
      scheduledStartDateTime: NOWHERE,
      scheduledEndDateTime: NOWHERE,
    },
    language: { locale: "en-US", displayName: "English (United States)" },
    workingHours: {
      daysOfWeek: ["monday", "tuesday", "wednesday", "thursday", "friday"],
      startTime: "08:00:00.0000000",
      endTime: "17:00:00.0000000",
      timeZone: { name: zone },
    },
  };
}

export function calendarResource(account: Account, calendar: SimulatedCalendar): Record<string, unknown> {
  const { id, name, accessRole } = calendar.description;
  const isDefault = id === account.email;
  const isOwner = accessRole === "owner";
  return {
    id: graphCalendarId(calendarKey(calendar)),
    name: isDefault ? "Calendar" : name,
    color: "auto",
    hexColor: "",
    isDefaultCalendar: isDefault,
    changeKey: Buffer.from(calendarKey(calendar)).toString("base64"),
    canShare: isOwner,
    canViewPrivateItems: isOwner,
    canEdit: isOwner || accessRole === "writer",
    allowedOnlineMeetingProviders: ["teamsForBusiness"],
    defaultOnlineMeetingProvider: "teamsForBusiness",
    isTallyingResponses: isOwner,
    isRemovable: !isDefault,
    owner:
      isOwner || !id.includes("@") ? { name: ownerNameOf(account), address: account.email } : { name, address: id },
  };
}

export function calendarsOf(account: Account): SimulatedCalendar[] {
  return [...account.entries.values()].filter(isThere).map(({ calendar }) => calendar);
}

/** Throws GraphError where it was removed. */
export function defaultCalendar(account: Account): SimulatedCalendar {
  const entry = account.entries.get(account.email);
  if (!entry || entry.isRemoved) throw itemNotFound();
  return entry.calendar;
}

/** Throws GraphError for what is no calendar's id, and for a calendar that is not there. */
export function calendarById(account: Account, id: string): SimulatedCalendar {
  const key = decodeCalendarId(id);
  if (key === null) throw malformedId();
  const calendar = calendarsOf(account).find((candidate) => calendarKey(candidate) === key);
  if (!calendar) throw itemNotFound();
  return calendar;
}

function isThere({ isRemoved }: CalendarEntry): boolean {
  return !isRemoved;
}
