import type { z } from "zod";
import { correlationIdSchema, idSchema } from "./json-values.js";
import { bodyTypes, descriptionSchema } from "./options.js";
import type { Responses } from "./openapi-responses.js";
import type { JsonSchema } from "./openapi-schemas.js";
import { actionAnswers, readAnswers } from "./refusals.js";
import type { Route } from "./route.js";

type Schemas = ReadonlyMap<string, JsonSchema>;

/** OPTIONS looks at nothing but the path, the token and, of an action, the limit. */
const optionsOfRead = {
  200: descriptionSchema,
  401: readAnswers[401],
  403: readAnswers[403],
  404: readAnswers[404],
  406: readAnswers[406],
  500: readAnswers[500],
  503: readAnswers[503],
} as const;
const optionsOfAction = { ...optionsOfRead, 429: actionAnswers[429] } as const;

export const parameterComponents = {
  Format: {
    name: "format",
    in: "query",
    description: "Only JSON is served.",
    schema: { enum: ["json"] },
  },
  Prefer: {
    name: "Prefer",
    in: "header",
    description: "`respond-async` answers at once instead of waiting for the outcome.",
    schema: { type: "string" },
    example: "respond-async",
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "For 24 hours the same key with the same body is answered from the same run, and nothing is done twice.",
    schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
  },
} as const;

/** The forms of everything that the table's routes take and give, by key. */
export function formsOf(routes: readonly Route[]): Map<string, z.ZodType> {
  const forms = new Map<string, z.ZodType>([
    ["{id}", idSchema],
    ["{correlation_id}", correlationIdSchema],
  ]);
  for (const [status, form] of Object.entries(optionsOfAction)) forms.set(`options ${status}`, form);
  for (const route of routes) {
    for (const [status, form] of Object.entries(route.answers)) forms.set(`${keyOf(route)} ${status}`, form);
    for (const [name, form] of queryFormsOf(route)) forms.set(`${keyOf(route)} ?${name}`, form);
    if (route.body !== null) forms.set(`${keyOf(route)} body`, route.body);
  }
  return forms;
}

function queryFormsOf({ query }: Route): [string, z.ZodType][] {
  const shape: Readonly<Record<string, z.ZodType>> = query.shape;
  return Object.entries(shape);
}

/** What is said of one route. */
export function operationOf(route: Route, schemas: Schemas, responses: Responses): object {
  const { name, description, isAction, answers } = route;
  const operation = graphqlOperationOf(route);
  return {
    operationId: operationIdOf(route),
    tags: [tagOf(route)],
    summary: name,
    description: operation === null ? description : `${description} Runs the GraphQL operation \`${operation}\`.`,
    parameters: parametersOf(route, schemas),
    ...requestBodyOf(route, schemas),
    responses: responsesOf(answers, keyOf(route), { isAction, schemas, responses }),
  };
}

/** What is said of OPTIONS on the path of a route. */
export function optionsOf(route: Route, schemas: Schemas, responses: Responses): object {
  const id = operationIdOf(route);
  const answers = route.isAction ? optionsOfAction : optionsOfRead;
  return {
    operationId: `describe${id.charAt(0).toUpperCase()}${id.slice(1)}`,
    tags: [tagOf(route)],
    summary: `${route.name}: what is served here`,
    parameters: [formatReference],
    responses: responsesOf(answers, "options", { isAction: false, schemas, responses }),
  };
}

/** Of a path's `{…}`, for all its operations. */
export function pathParametersOf(route: Route, schemas: Schemas): object[] {
  return (route.path.match(/\{\w+\}/g) ?? []).map((placeholder) => ({
    name: placeholder.slice(1, -1),
    in: "path",
    required: true,
    schema: schemaOf(schemas, placeholder),
  }));
}

export function tagOf({ path }: Route): string {
  const [first = ""] = path.split("/");
  return path.includes("/") ? first : "about";
}

const formatReference = { $ref: "#/components/parameters/Format" };

function keyOf({ method, path }: Route): string {
  return `${method} ${path}`;
}

/** The name of the operation that a route's document runs. */
function graphqlOperationOf({ document }: Route): string | null {
  const name = /^(?:query|mutation) (\w)(\w*)/.exec(document ?? "");
  return name ? `${name[1]?.toLowerCase() ?? ""}${name[2] ?? ""}` : null;
}

function operationIdOf(route: Route): string {
  const [first = "", ...rest] = route.name.split(" ");
  return graphqlOperationOf(route) ?? [first.toLowerCase(), ...rest].join("");
}

function parametersOf(route: Route, schemas: Schemas): object[] {
  const query = queryFormsOf(route).map(([name]) => ({
    name,
    in: "query",
    ...splitDescription(schemaOf(schemas, `${keyOf(route)} ?${name}`)),
  }));
  const headers = route.isAction ? ["Prefer", "IdempotencyKey"] : [];
  return [...query, formatReference, ...headers.map((name) => ({ $ref: `#/components/parameters/${name}` }))];
}

function splitDescription({ description, ...schema }: JsonSchema): object {
  return { ...(description === undefined ? {} : { description }), schema };
}

/** A body is never needed, and what it has beside these fields is left alone. */
function requestBodyOf(route: Route, schemas: Schemas): object {
  if (route.body === null) return {};
  const schema = { ...schemaOf(schemas, `${keyOf(route)} body`), additionalProperties: true };
  return { requestBody: { content: Object.fromEntries(bodyTypes.map((type) => [type, { schema }])) } };
}

function responsesOf(
  answers: Route["answers"],
  key: string,
  { isAction, schemas, responses }: { isAction: boolean; schemas: Schemas; responses: Responses },
): object {
  const statuses = Object.keys(answers).map(Number);
  return Object.fromEntries(
    statuses.map((status) => [status, responses.of(status, schemaOf(schemas, `${key} ${status}`), isAction)]),
  );
}

function schemaOf(schemas: Schemas, key: string): JsonSchema {
  const schema = schemas.get(key);
  if (!schema) throw new Error(`No form of ${key}`);
  return schema;
}
