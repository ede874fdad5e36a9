import type { ProviderName } from "../../providers/provider.js";
import type { SourceCalendar, SourceEvent } from "../../simulator/calendar-source.js";
import { eventIdOf } from "../../simulator/identifiers.js";

const domains: Record<ProviderName, string> = { GOOGLE: "example.com", MICROSOFT: "example.org" };
const singleEvents = 12;

/** So many primary calendars of one provider, each of an account of its own, with a weekly series and some single events. */
export function clusterCalendars(provider: ProviderName, count: number): SourceCalendar[] {
  return Array.from({ length: count }, (_, index) => {
    const account = `practice-${index + 1}@${domains[provider]}`;
    return {
      account,
      id: account,
      name: `Practice ${index + 1}`,
      timeZone: "Europe/Berlin",
      events: [weekly(account), ...Array.from({ length: singleEvents }, (_unused, day) => single(account, day + 1))],
    };
  });
}

function weekly(account: string): SourceEvent {
  return {
    id: eventIdOf(`${account} weekly`),
    title: "Team meeting",
    start: { dateTime: `${dayFromNow(-7)}T09:00:00`, timeZone: "Europe/Berlin" },
    end: { dateTime: `${dayFromNow(-7)}T09:30:00`, timeZone: "Europe/Berlin" },
    recurrence: ["RRULE:FREQ=WEEKLY;COUNT=20"],
  };
}

function single(account: string, day: number): SourceEvent {
  return {
    id: eventIdOf(`${account} ${day}`),
    title: `Consultation ${day}`,
    start: { dateTime: `${dayFromNow(day)}T14:00:00`, timeZone: "Europe/Berlin" },
    end: { dateTime: `${dayFromNow(day)}T14:45:00`, timeZone: "Europe/Berlin" },
  };
}

function dayFromNow(days: number): string {
  return new Date(Date.now() + days * 24 * 3_600_000).toISOString().slice(0, 10);
}
