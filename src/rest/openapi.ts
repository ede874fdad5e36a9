import { formsOf, operationOf, optionsOf, parameterComponents, pathParametersOf, tagOf } from "./openapi-operation.js";
import { headerComponents, Responses } from "./openapi-responses.js";
import { jsonSchemasOf, type JsonSchema } from "./openapi-schemas.js";
import type { Route } from "./route.js";

/** Raised when the interface changes, not with every release of the server. */
const interfaceVersion = "1.0.0";

const description = `Routes for clients of the older service: each runs the GraphQL operation that it names, so permissions, validation and audit are the same.

- Ids of another firm do not exist. Times are ISO 8601 in UTC. Keys may be added to answers; those here stay.
- Every path is also served without its trailing slash, and lists and details with the suffix \`.json\`.
- HEAD answers as GET without a body.
- Checks come in this order: path 404, 406, 401, 403, 429, 405, object 404, then 413, 415 and 400.`;

const bearer = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description: "Claims: `sub`, `firm_id`, `role` (manager or above) and `exp`.",
};

/** What the document is made of. */
export interface Surface {
  /** Before every path of the routes. */
  prefix: string;
  routes: readonly Route[];
}

/** The OpenAPI 3.1 description of a table of routes. It names no server. */
export function openApiDocument({ prefix, routes }: Surface): Readonly<Record<string, unknown>> {
  const { schemas, components } = jsonSchemasOf(formsOf(routes));
  const responses = new Responses();
  const paths = pathsOf({ prefix, routes }, schemas, responses);
  return {
    openapi: "3.1.0",
    info: { title: "Calendar Sync Admin: REST routes", version: interfaceVersion, description },
    security: [{ bearer: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer },
      parameters: parameterComponents,
      headers: headerComponents,
      responses: responses.components,
      schemas: components,
    },
  };
}

function pathsOf(
  { prefix, routes }: Surface,
  schemas: ReadonlyMap<string, JsonSchema>,
  responses: Responses,
): Record<string, object> {
  const paths: Record<string, object> = {};
  for (const route of routes) {
    const path = `${prefix}${route.path}`;
    paths[path] ??= { parameters: pathParametersOf(route, schemas), options: optionsOf(route, schemas, responses) };
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas, responses) };
  }
  return paths;
}

/** As it is committed. */
export function printedOpenApi(surface: Surface): string {
  return `${JSON.stringify(openApiDocument(surface), null, 2)}\n`;
}
