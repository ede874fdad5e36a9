import { prefix, routes } from "../../src/rest/routes.js";

/** A request of a REST route in which one part of its path, its query or its body stands for an id. */
export interface RestQuestion {
  /** The route and the part, e.g. `GET connections/{id}/sync-status/ (id)`. */
  name: string;
  method: string;
  path(id: string): string;
  body(id: string): Record<string, unknown> | undefined;
}

/** A question for each part of each route that may name something; what else its path demands is the `missing` id. */
export function restQuestions(missing: string): RestQuestion[] {
  return routes.flatMap(({ method, path, query, body }) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    const pathOf = (id: string): string => `${prefix}${path.replace(/\{\w+\}/g, id)}`;
    const part = (name: string, more: Pick<RestQuestion, "path" | "body">): RestQuestion => ({
      ...{ name: `${method} ${path} (${name})`, method },
      ...more,
    });
    return [
      ...inPath.map((name) => part(name, { path: pathOf, body: () => undefined })),
      ...Object.keys(query.shape).map((name) =>
        part(`?${name}`, { path: (id) => `${pathOf(missing)}?${name}=${id}`, body: () => undefined }),
      ),
      ...Object.keys(body?.shape ?? {}).map((name) =>
        part(`body.${name}`, { path: () => pathOf(missing), body: (id) => ({ [name]: id }) }),
      ),
    ];
  });
}
