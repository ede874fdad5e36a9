import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { at } from "../support/calendar.js";
import { given } from "../import/lines.js";

/** How much of the older service's data there is. */
export interface ImportSize {
  firms: number;
  connections: number;
  appointments: number;
}

/** A connection whose calendar is there, with events that are known already. */
export interface RealCalendar {
  account: string;
  refreshToken: string;
  events: readonly { id: string; title: string; startsAt: string; endsAt: string }[];
}

/** Ids are given in turn, so that a firm's lines stand all over the files. */
const firmOf = (connection: number, { firms }: ImportSize): number => 1 + (connection % firms);

/** The first connections are those of the real calendars, the others' are nowhere. */
function* connectionLines(size: ImportSize, calendars: readonly RealCalendar[]): Generator<string> {
  for (let id = 1; id <= size.connections; id += 1) {
    const calendar = calendars[id - 1];
    const real = calendar && { account_email: calendar.account, refresh_token: calendar.refreshToken };
    yield line(given.connection(firmOf(id, size), id, real));
  }
  for (let firm = 1; firm <= size.firms; firm += 1) yield line(given.firm(firm));
}

/** Real events first, then others, each of a connection in turn: before their connections, and without any order of firms. */
function* appointmentLines(size: ImportSize, calendars: readonly RealCalendar[]): Generator<string> {
  let id = 0;
  for (const [index, { events }] of calendars.entries()) {
    for (const { id: event, title, startsAt, endsAt } of events) {
      const fields = { external_event_id: event, title, starts_at: startsAt, ends_at: endsAt };
      yield line(given.appointment(firmOf(index + 1, size), ++id, index + 1, fields));
    }
  }
  const [starts_at, ends_at] = [at(1), at(1, 10)];
  for (let connection = calendars.length; id < size.appointments; connection += 1) {
    const owner = 1 + (connection % size.connections);
    if (owner <= calendars.length) continue;
    yield line(
      given.appointment(firmOf(owner, size), ++id, owner, { title: "An hour with a client", starts_at, ends_at }),
    );
  }
}

function line(fields: object): string {
  return `${JSON.stringify(fields)}\n`;
}

/** Writes the files as they are made, a piece at a time. */
export async function writeImportFiles(
  folder: string,
  size: ImportSize,
  calendars: readonly RealCalendar[],
): Promise<string[]> {
  const [appointments, connections] = [`${folder}/appointments.ndjson`, `${folder}/connections.ndjson`];
  await pipeline(appointmentLines(size, calendars), createWriteStream(appointments));
  await pipeline(connectionLines(size, calendars), createWriteStream(connections));
  return [appointments, connections];
}
