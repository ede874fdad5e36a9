import type { EventContent } from "../event.js";
import type { PresentItem } from "./event-resource.js";
import { itemSource } from "../walk.js";
import { badQuery } from "./graph-error.js";
import type { QueryOptions } from "./query-options.js";

/** Single-value extended properties: what clients keep with an event; told only where they are asked for by id. */

const LITERAL = "'((?:[^']|'')*)'";
const EXPANSION = new RegExp(`^singleValueExtendedProperties\\(\\s*\\$filter=id eq ${LITERAL}\\s*\\)$`, "i");
const FILTER = new RegExp(
  `^singleValueExtendedProperties/any\\(\\s*(\\w+)\\s*:\\s*\\1/id eq ${LITERAL} and \\1/value eq ${LITERAL}\\s*\\)$`,
  "i",
);

/** Whether an event has a property of that value; null for a filter on something else. */
export function extendedPropertyFilter(filter: string): ((content: EventContent) => boolean) | null {
  const [, , id, value] = FILTER.exec(filter) ?? [];
  if (id === undefined || value === undefined) return null;
  const [name, wanted] = [plain(id), plain(value)];
  return ({ extendedProperties }) => extendedProperties?.[name] === wanted;
}

/** The property that `$expand` names, as part of an event; nothing where the event lacks it. Null for another expansion. Throws GraphError. */
export function expandedProperty(options: QueryOptions): ((item: PresentItem) => Record<string, unknown>) | null {
  const expand = options.text("$expand");
  if (!expand?.toLowerCase().startsWith("singlevalueextendedproperties")) return null;
  const text = EXPANSION.exec(expand)?.[1];
  if (text === undefined) throw badQuery(`The expansion '${expand}' is not supported.`);
  const id = plain(text);
  return (item) => {
    const value = itemSource(item).content.extendedProperties?.[id];
    return value === undefined ? {} : { singleValueExtendedProperties: [{ id, value }] };
  };
}

function plain(literal: string): string {
  return literal.replaceAll("''", "'");
}
