import type { Route } from "./route.js";

/** A path of the table, with its routes by method. */
export interface Resource {
  segments: readonly string[];
  routes: readonly Route[];
}

/** Where a path leads. */
export interface Found {
  resource: Resource;
  /** What stands for the path's placeholder, decoded; empty where there is none. */
  id: string;
  /** The path's suffix without its dot, as "json"; null where there is none. */
  suffix: string | null;
}

/** The table's paths: those with fewer placeholders first, so that `failed` is not taken for an id. */
export function resourcesOf(routes: readonly Route[]): readonly Resource[] {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const resources = [...byPath].map(([path, ofPath]) => ({ segments: segmentsOf(path), routes: ofPath }));
  const placeholders = ({ segments }: Resource) => segments.filter(isPlaceholder).length;
  return resources.sort((one, other) => placeholders(one) - placeholders(other));
}

/** What a path below the prefix, as the client sent it, leads to. Null where it leads nowhere. */
export function findResource(resources: readonly Resource[], path: string): Found | null {
  const segments = segmentsOf(path).map(decoded);
  for (const resource of resources) {
    const match = matchOf(resource.segments, segments);
    if (match) return { resource, ...match };
  }
  return null;
}

/** The methods that a resource has, as the header Allow lists them. */
export function allowedMethods({ routes }: Resource): string {
  const methods = routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...methods, "OPTIONS"].join(", ");
}

/** The route of a method; HEAD is GET's. */
export function routeOf({ routes }: Resource, method: string): Route | null {
  return routes.find((route) => route.method === (method === "HEAD" ? "GET" : method)) ?? null;
}

export function isAction({ routes }: Resource): boolean {
  return routes.some((route) => route.isAction);
}

/** With or without its trailing slash. */
function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, "").split("/");
}

/** Decoded one by one: an encoded slash does not part segments. What is badly encoded stands for itself, and names nothing. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function matchOf(expected: readonly string[], actual: readonly string[]): Pick<Found, "id" | "suffix"> | null {
  if (expected.length !== actual.length) return null;
  const match = { id: "", suffix: null as string | null };
  for (const [index, segment] of expected.entries()) {
    const asked = actual[index] ?? "";
    if (asked === segment) continue;
    const { stem, suffix } = index === expected.length - 1 ? parted(asked) : { stem: asked, suffix: null };
    if (isPlaceholder(segment) && stem !== "") match.id = stem;
    else if (stem !== segment) return null;
    match.suffix = suffix;
  }
  return match;
}

function parted(segment: string): { stem: string; suffix: string | null } {
  const [, stem, suffix] = /^(.*)\.([a-z0-9]+)$/s.exec(segment) ?? [];
  return stem === undefined || suffix === undefined ? { stem: segment, suffix: null } : { stem, suffix };
}

function isPlaceholder(segment: string): boolean {
  return segment.startsWith("{");
}
