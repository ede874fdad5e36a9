import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isNonNullType,
  isObjectType,
  OperationTypeNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from "graphql";

/** A request in which one part stands for an id. */
export interface Question {
  /** e.g. `failedAttempts(filter.appointmentId)`, `GET connections/{id}/ (id)`. */
  name: string;
  /** Whether that part is an id; text may be one as well. */
  isId: boolean;
  method: string;
  path: (id: string) => string;
  body: (id: string) => object | undefined;
}

/**
 * A question for each argument of each root field of the schema that takes an id or text, also within input objects. What else a
 * query demands is `own` ids; a mutation is given `missing` ones, so that it finds nothing to do.
 */
export function schemaQuestions(schema: GraphQLSchema, { own, missing }: { own: string; missing: string }): Question[] {
  return (["query", "mutation"] as const).flatMap((kind) => {
    const root = schema.getRootType(kind === "query" ? OperationTypeNode.QUERY : OperationTypeNode.MUTATION);
    const demanded = kind === "query" ? own : missing;
    return Object.values(root?.getFields() ?? {}).flatMap((field) => questionsOf(kind, field, demanded));
  });
}

function questionsOf(kind: "query" | "mutation", field: GraphQLField<unknown, unknown>, demanded: string) {
  return placesOf(field.args).map(({ path, isId }): Question => {
    const [argument = ""] = path;
    const given = field.args.filter((arg) => arg.name === argument || isDemanded(arg));
    const declared = given.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(", ");
    const passed = given.map(({ name }) => `${name}: $${name}`).join(", ");
    const query = `${kind} (${declared}) { ${field.name}(${passed}) ${selectionOf(field.type, 4)} }`;
    const samples = given.filter(isDemanded).map((arg) => [arg.name, sampleOf(arg.type, demanded)] as const);
    return {
      ...{ name: `${field.name}(${path.join(".")})`, isId, method: "POST", path: () => "/graphql" },
      body: (id) => ({ query, variables: { ...Object.fromEntries(samples), ...nested(path, id) } }),
    };
  });
}

/** Where an id may be given: an argument, or a field of an input object. */
function placesOf(args: readonly GraphQLArgument[]): { path: string[]; isId: boolean }[] {
  return args.flatMap(({ name, type }) => {
    const named = getNamedType(type);
    if (isInputObjectType(named)) {
      const fields = Object.values(named.getFields()).filter((inner) => takesText(inner.type));
      return fields.map((inner) => ({ path: [name, inner.name], isId: isId(inner.type) }));
    }
    return takesText(type) ? [{ path: [name], isId: isId(type) }] : [];
  });
}

function takesText(type: GraphQLInputType): boolean {
  return ["ID", "String"].includes(getNamedType(type).name);
}

function isId(type: GraphQLInputType): boolean {
  return getNamedType(type).name === "ID";
}

function isDemanded({ type, defaultValue }: GraphQLArgument): boolean {
  return isNonNullType(type) && defaultValue === undefined;
}

function sampleOf(type: GraphQLInputType, id: string): unknown {
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[0]?.name;
  const samples: Record<string, unknown> = { ID: id, String: "text", Int: 1, Boolean: false };
  return samples[named.name] ?? "2026-03-01T09:00:00Z";
}

function nested(path: readonly string[], id: string): Record<string, unknown> {
  const [name = "", ...rest] = path;
  return { [name]: rest.length === 0 ? id : nested(rest, id) };
}

/** Every field that needs no argument, so many levels deep. */
function selectionOf(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (!isObjectType(named)) return "";
  const fields = Object.values((named as GraphQLObjectType).getFields()).filter(
    (field) => !field.args.some(isDemanded),
  );
  const selected = fields.flatMap((field) => {
    if (isLeafType(getNamedType(field.type))) return [field.name];
    return depth > 1 ? [`${field.name} ${selectionOf(field.type, depth - 1)}`] : [];
  });
  return `{ ${["__typename", ...selected].join(" ")} }`;
}
