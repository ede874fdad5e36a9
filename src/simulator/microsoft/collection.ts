import { badQuery } from "./graph-error.js";
import type { QueryOptions } from "./query-options.js";

/** Lists of Graph: pages, and the properties that a client selects. */

const USUAL_PAGE = 10;
const LARGEST_PAGE = 1000;

type Resource = Record<string, unknown>;

/** Properties that not every resource of a type has. */
const OCCASIONAL = new Set(["originalStart"]);

export interface CollectionPlace {
  /** `http://host:port/v1.0/me/events`, without a query. */
  url: string;
  /** What the context names, such as `users('…')/events`. */
  context: string;
  /** The root of the context's address. */
  root: string;
}

/** A page of a list, with the link to the next. `$top` or a preferred size say how large it is. Throws GraphError. */
export function collectionBody<T>(
  all: readonly T[],
  shown: (item: T) => Resource,
  options: QueryOptions,
  place: CollectionPlace,
  maxPageSize: number | null,
) {
  const size = Math.min(options.count("$top", maxPageSize ?? USUAL_PAGE), LARGEST_PAGE);
  const skip = options.count("$skip", 0);
  const value = all.slice(skip, skip + size).map((item) => selected(shown(item), options));
  const isLast = size === 0 || skip + size >= all.length;
  return {
    "@odata.context": contextOf(place, options, ""),
    value,
    ...(isLast ? {} : { "@odata.nextLink": nextLink(options, place.url, size, skip + size) }),
  };
}

export function entityBody(resource: Resource, options: QueryOptions, place: CollectionPlace) {
  return { "@odata.context": contextOf(place, options, "/$entity"), ...selected(resource, options) };
}

function contextOf({ root, context }: CollectionPlace, options: QueryOptions, suffix: string): string {
  const names = selection(options);
  return `${root}/$metadata#${context}${names === null ? "" : `(${names.join(",")})`}${suffix}`;
}

function nextLink(options: QueryOptions, url: string, top: number, skip: number): string {
  const kept = [...options.entries()].filter(([name]) => name !== "$top" && name !== "$skip");
  const query = [...kept, ["$top", String(top)], ["$skip", String(skip)]];
  return `${url}?${query.map(([name, value]) => `${name ?? ""}=${encodeURIComponent(value ?? "")}`).join("&")}`;
}

function selection(options: QueryOptions): string[] | null {
  return (
    options
      .text("$select")
      ?.split(",")
      .map((name) => name.trim()) ?? null
  );
}

/** Annotations and the id always stay. Throws GraphError for a property that does not exist. */
function selected(resource: Resource, options: QueryOptions): Resource {
  const names = selection(options);
  if (names === null) return resource;
  const unknown = names.find((name) => !(name in resource) && !OCCASIONAL.has(name));
  if (unknown !== undefined) throw badQuery(`Could not find a property named '${unknown}'.`);
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => name.startsWith("@") || name === "id" || names.includes(name)),
  );
}
