import fc from "fast-check";
import {
  getNamedType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
} from "graphql";
import { prefix, routes } from "../../src/rest/routes.js";
import { junk, junkText, mangled } from "./junk.js";

/** A request as it goes out: what a client may send to the server. */
export interface Malformed {
  method: string;
  path: string;
  contentType: string;
  body: string | undefined;
}

/** Requests over GraphQL and REST, none of which is right but by chance: near-valid documents, variables, bodies, ids, paths. */
export function malformedRequests(schema: GraphQLSchema): fc.Arbitrary<Malformed> {
  return fc.oneof({ weight: 3, arbitrary: graphqlRequests(schema) }, { weight: 1, arbitrary: restRequests });
}

const contentTypes = fc.oneof(
  { weight: 12, arbitrary: fc.constant("application/json") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...["application/json; charset=utf-16", "text/plain", "application/graphql", "application/x-www-form-urlencoded"],
      ...["multipart/form-data; boundary=x", "application/json; charset=nonsense", "application/graphql-response+json"],
    ),
  },
);

function graphqlRequests(schema: GraphQLSchema): fc.Arbitrary<Malformed> {
  const document = documents(schema);
  const asked = fc.record(
    {
      query: fc.oneof({ weight: 6, arbitrary: document }, { weight: 3, arbitrary: mangled(document) }, junk),
      variables: fc.oneof(fc.dictionary(fc.constantFrom("a", "id", "__proto__"), junk), junk),
      operationName: junk,
      extensions: junk,
    },
    { requiredKeys: ["query"] },
  );
  const whole = asked.map((body) => JSON.stringify(body));
  const body = fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 1, arbitrary: mangled(whole) },
    { weight: 1, arbitrary: junk.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: junkText },
  );
  return fc.record({ method: fc.constant("POST"), path: fc.constant("/graphql"), contentType: contentTypes, body });
}

/** A document of one root field whose arguments are junk, as literals or as variables, with a selection that is right or nearly so. */
function documents(schema: GraphQLSchema): fc.Arbitrary<string> {
  const operations = (["Query", "Mutation"] as const).flatMap((root) => {
    const type = schema.getType(root);
    return isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ root, field })) : [];
  });
  return fc.constantFrom(...operations).chain(({ root, field }) =>
    fc.tuple(argumentsOf(field), selections(field.type, 3), fc.boolean()).map(([passed, selection, hasVariable]) => {
      const given = passed.length > 0 ? `(${passed.join(", ")})` : "";
      return `${root.toLowerCase()}${hasVariable ? " ($a: ID, $id: Int)" : ""} { ${field.name}${given} ${selection} }`;
    }),
  );
}

function argumentsOf(field: GraphQLField<unknown, unknown>): fc.Arbitrary<string[]> {
  const one = (arg: GraphQLArgument): fc.Arbitrary<string> => literals.map((value) => `${arg.name}: ${value}`);
  if (field.args.length === 0) return fc.constant([]);
  return fc.subarray([...field.args]).chain((args) => fc.tuple(...args.map(one)));
}

const literals: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: junk.map(literalOf) },
  { weight: 1, arbitrary: fc.constantFrom("$a", "$id", "GOOGLE", "ACTIVE", "[[[[[[1]]]]]]", '"1"', "1", "true") },
);

function literalOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literalOf).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([name]) => /^\w+$/.test(name));
  return `{${fields.map(([name, inner]) => `${name}: ${literalOf(inner)}`).join(", ")}}`;
}

function selections(type: GraphQLOutputType, depth: number): fc.Arbitrary<string> {
  const named = getNamedType(type);
  if (!isObjectType(named)) return fc.constantFrom("", "", "", "{ id }");
  const fields = Object.values(named.getFields());
  return fc
    .tuple(
      fc
        .subarray(fields, { minLength: 1, maxLength: Math.min(4, fields.length) })
        .chain((some) => fc.tuple(...some.map((field) => selected(field, depth)))),
      fc.constantFrom("", "", "", "...on Query { viewer { id } }", "...F", "__typename @skip(if: $a)", "nothing"),
    )
    .map(([some, more]) => `{ ${some.join(" ")} ${more} }`);
}

function selected(field: GraphQLField<unknown, unknown>, depth: number): fc.Arbitrary<string> {
  if (depth === 0) return fc.constant(isObjectType(getNamedType(field.type)) ? "__typename" : field.name);
  return selections(field.type, depth - 1).map((inner) => `${field.name} ${inner}`);
}

const parameterNames = ["page", "page_size", "include_exhausted", "include_closed", "format", "__proto__", "x[]"];

/** The description of the routes speaks of errors itself. */
const restRoutes = routes.filter(({ path }) => path !== "openapi.json");

const restRequests: fc.Arbitrary<Malformed> = fc.constantFrom(...restRoutes).chain((route) =>
  fc.record({
    method: fc.oneof(
      { weight: 8, arbitrary: fc.constant(route.method) },
      fc.constantFrom("PUT", "DELETE", "PATCH", "OPTIONS"),
    ),
    path: fc
      .tuple(mangledPath(route.path), fc.dictionary(fc.constantFrom(...parameterNames), junkText, { maxKeys: 3 }))
      .map(([path, query]) => `${prefix}${path}${queryOf(query)}`),
    contentType: contentTypes,
    body: route.method === "GET" ? fc.constant(undefined) : bodies(Object.keys(route.body?.shape ?? { id: 1 })),
  }),
);

function mangledPath(path: string): fc.Arbitrary<string> {
  return fc
    .tuple(junkText, fc.boolean())
    .map(([id, isRaw]) => path.replace(/\{\w+\}/g, () => (isRaw ? id.replace(/[^\w.%-]/g, "") : encoded(id))));
}

function bodies(names: string[]): fc.Arbitrary<string> {
  const whole = fc
    .dictionary(fc.constantFrom(...names, "__proto__", "x"), junk)
    .map((fields) => JSON.stringify(fields));
  return fc.oneof(
    whole,
    mangled(whole),
    junk.map((value) => JSON.stringify(value)),
    junkText,
  );
}

function queryOf(query: Record<string, string>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}

/** Of what cannot be encoded, the rest. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
