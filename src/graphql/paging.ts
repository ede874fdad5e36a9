import { badArgument } from "../errors.js";
import { decodeCursor, type CursorKey } from "./cursor.js";

/** How a list is paged, as the client asked. */
export interface PageArguments {
  first: number;
  after?: string | null | undefined;
  offset?: number | null | undefined;
}

/** A checked request for a page of one list. */
export interface PageRequest<Key> {
  /** 1 to 200. */
  first: number;
  /** The key of the row after which the page begins; null for the list's beginning. */
  after: Key | null;
  /** 0 to 10,000; 0 beside a cursor. */
  offset: number;
  /** Whether the page was asked for by cursor or number. */
  isLater: boolean;
}

/** The most rows of a page. */
export const largestPage = 200;
const largestOffset = 10_000;

/** @throws AppError BAD_USER_INPUT naming the argument */
export function pageRequest<Key>(page: PageArguments, key: CursorKey<Key>): PageRequest<Key> {
  const { first, after, offset } = page;
  if (first < 1 || first > largestPage) throw badArgument("first", `first must be from 1 to ${largestPage}.`);
  if (offset != null && (offset < 0 || offset > largestOffset)) {
    throw badArgument("offset", `offset must be from 0 to ${largestOffset}.`);
  }
  if (offset != null && after != null) throw badArgument("offset", "offset and after exclude each other.");
  return {
    first,
    after: after == null ? null : decodeCursor(after, key),
    offset: offset ?? 0,
    isLater: after != null || offset != null,
  };
}
