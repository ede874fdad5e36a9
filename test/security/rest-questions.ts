import { prefix, routes } from "../../src/rest/routes.js";
import type { Question } from "./schema-questions.js";

/** A question for each part of a REST route's path, query and body; what else its path demands is the `missing` id. */
export function restQuestions(missing: string): Question[] {
  return routes.flatMap(({ method, path, query, body }) => {
    const pathOf = (id: string): string => `${prefix}${path.replace(/\{\w+\}/g, id)}`;
    const question = (part: string, more: Partial<Question>): Question => ({
      ...{ name: `${method} ${path} (${part})`, method, isId: false },
      ...{ path: () => pathOf(missing), body: () => undefined },
      ...more,
    });
    return [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => question(name, { isId: true, path: pathOf })),
      ...Object.keys(query.shape).map((name) =>
        question(`?${name}`, { path: (id) => `${pathOf(missing)}?${name}=${id}` }),
      ),
      ...Object.keys(body?.shape ?? {}).map((name) => question(`body.${name}`, { body: (id) => ({ [name]: id }) })),
    ];
  });
}
