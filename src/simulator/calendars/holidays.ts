import Holidays from "date-holidays";
import type { SourceEvent } from "../calendar-source.js";
import { eventIdOf } from "../identifiers.js";

const COUNTRIES = ["AT", "BR", "CH", "FR", "GR", "IS", "JP", "PL"];

/** The holidays of eight countries, in their own languages, from the year before `now` to the year after: all-day events. */
export function holidayEvents(now: number): SourceEvent[] {
  const year = new Date(now).getUTCFullYear();
  const events = COUNTRIES.flatMap((country) => {
    const calendar = new Holidays(country);
    return [year - 1, year, year + 1].flatMap((of) =>
      calendar.getHolidays(of).map((holiday) => holidayEvent(country, holiday)),
    );
  });
  return [...new Map(events.map((event) => [event.id, event])).values()];
}

function holidayEvent(country: string, holiday: ReturnType<Holidays["getHolidays"]>[number]): SourceEvent {
  const date = holiday.date.slice(0, 10);
  const days = Math.max(1, Math.round((holiday.end.getTime() - holiday.start.getTime()) / 86_400_000));
  const end = new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
  const uid = `${country}-${date}-${holiday.rule}-${holiday.name}`;
  return {
    id: eventIdOf(uid),
    uid,
    title: holiday.name,
    location: country,
    start: { date },
    end: { date: end },
    transparency: "transparent",
  };
}
