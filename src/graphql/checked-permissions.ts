import { getNamedType, isIntrospectionType, isObjectType, type GraphQLObjectType, type GraphQLSchema } from "graphql";
import type { IRule } from "graphql-shield" with { "resolution-mode": "require" };
import { AppError } from "../errors.js";
import { isSignedIn, permissions } from "./permissions.js";
import { applyMiddleware, deny, shield } from "./shield.js";

/** A rule for a type, or one for each of its fields. */
export type PermissionTable = Readonly<Record<string, IRule | Readonly<Record<string, IRule>>>>;

/**
 * The schema with the table of permissions enforced on its root fields, before their resolvers. That is enough for the types below
 * them, because a schema is refused here in which a root field leads to a type that asks for more than the root field does; and
 * it saves two thirds of a request's time against asking again at every field.
 * @throws Error when a root field or a type has no entry in the table, or an entry is for something that does not exist
 */
export function withPermissions(schema: GraphQLSchema, table: PermissionTable = permissions): GraphQLSchema {
  const faults = [...missingEntries(schema, table), ...escalations(schema, table)];
  if (faults.length > 0) throw new Error(`The permissions do not fit the schema:\n${faults.join("\n")}`);
  const generator = shield(table, {
    fallbackRule: deny,
    allowExternalErrors: true,
    fallbackError: () => new AppError("FORBIDDEN", "You do not have permission to perform this action."),
    debug: false,
    hashFunction: () => "", // for rules that are cached by their arguments: none is
  });
  const middleware = generator.generate(schema) as Record<string, object>;
  return applyMiddleware(
    schema,
    Object.fromEntries(rootTypes(schema).map((type) => [type.name, middleware[type.name]])),
  );
}

function rootTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter((type) => type != null);
}

function objectTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  return Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !isIntrospectionType(type),
  ) as GraphQLObjectType[];
}

function missingEntries(schema: GraphQLSchema, table: PermissionTable): string[] {
  const roots = new Set(rootTypes(schema).map((type) => type.name));
  const needed = objectTypes(schema).flatMap((type) =>
    roots.has(type.name) ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [type.name],
  );
  return needed.filter((place) => ruleOf(table, place) === undefined).map((place) => `${place} has no entry`);
}

/** `place` is a type, or a field of a root type as `Query.viewer`. */
function ruleOf(table: PermissionTable, place: string): IRule | undefined {
  const [type = "", field] = place.split(".");
  const entry = new Map(Object.entries(table)).get(type);
  if (entry === undefined || isRule(entry)) return field === undefined ? entry : undefined;
  return field === undefined ? undefined : new Map(Object.entries(entry)).get(field);
}

function isRule(entry: IRule | Readonly<Record<string, IRule>>): entry is IRule {
  return typeof entry.resolve === "function";
}

/** Whoever may ask the root field may ask everything below it: the rules are equal, or the type below is open to all signed in. */
function escalations(schema: GraphQLSchema, table: PermissionTable): string[] {
  return rootTypes(schema).flatMap((root) =>
    Object.values(root.getFields()).flatMap((field) => {
      const rule = ruleOf(table, `${root.name}.${field.name}`);
      const below = [...reachable(getNamedType(field.type))].filter(
        (type) => ![rule, isSignedIn].includes(ruleOf(table, type)),
      );
      return below.map((type) => `${root.name}.${field.name} leads to ${type}, which asks for more`);
    }),
  );
}

function reachable(type: unknown, found = new Set<string>()): Set<string> {
  if (!isObjectType(type) || found.has(type.name)) return found;
  found.add(type.name);
  for (const field of Object.values(type.getFields())) reachable(getNamedType(field.type), found);
  return found;
}
