import { parseInstant, printInstant } from "../date-time.js";
import { badArgument } from "../errors.js";
import { parseId } from "../id.js";

/** How the rows of one list are told apart by a cursor. */
export interface CursorKey<Key> {
  /** The list: a cursor of another one is refused. */
  list: string;
  print: (key: Key) => string;
  /** Null for what `print` cannot have made. */
  parse: (text: string) => Key | null;
}

/** Lists in the order of their ids. */
export function byId(list: string): CursorKey<string> {
  return { list, print: (id) => id, parse: parseId };
}

export interface TimeAndId {
  /** A Date's ISO text, or PostgreSQL's text of a timestamptz. */
  time: string;
  id: string;
}

/** Lists in the order of a time, then of their ids. */
export function byTimeAndId(list: string): CursorKey<TimeAndId> {
  return { list, print: ({ time, id }) => `${printInstant(time)} ${id}`, parse: parseTimeAndId };
}

function parseTimeAndId(text: string): TimeAndId | null {
  const [time = "", id = "", ...rest] = text.split(" ");
  const instant = parseInstant(time);
  const rowId = parseId(id);
  return instant && rowId !== null && rest.length === 0 ? { time: instant.toISOString(), id: rowId } : null;
}

const version = "1";
const longestCursor = 200;

/** Opaque to clients: version, list and the row's key. */
export function encodeCursor<Key>(key: Key, { list, print }: CursorKey<Key>): string {
  return Buffer.from(`${version}:${list}:${print(key)}`).toString("base64url");
}

/** @throws AppError BAD_USER_INPUT for what is no cursor of this list */
export function decodeCursor<Key>(cursor: string, { list, parse }: CursorKey<Key>): Key {
  const text = cursor.length <= longestCursor ? Buffer.from(cursor, "base64url").toString("utf8") : "";
  const prefix = `${version}:${list}:`;
  const key = text.startsWith(prefix) ? parse(text.slice(prefix.length)) : null;
  if (key === null) throw badArgument("after", "after is not a cursor of this list.");
  return key;
}
