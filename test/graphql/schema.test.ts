import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isObjectType,
  parse,
  validate,
  type GraphQLArgument,
  type GraphQLNamedType,
} from "graphql";
import { withPermissions } from "../../src/graphql/checked-permissions.js";
import { exampleOperations } from "../../src/graphql/example-operations.js";
import { isManager, isSignedIn, permissions } from "../../src/graphql/permissions.js";
import { printedSchema } from "../../src/graphql/print-schema.js";
import { buildApiSchema } from "../../src/graphql/schema.js";

const schema = await buildApiSchema();
const contract = buildSchema(readFileSync(new URL("contract.graphql", import.meta.url), "utf8"));

test("schema/schema.graphql is what the code builds", () => {
  const committed = readFileSync(new URL("../../schema/schema.graphql", import.meta.url), "utf8");
  expect(printedSchema(schema)).toBe(committed);
});

const contractTypes = Object.values(contract.getTypeMap()).filter(({ name }) => !name.startsWith("__"));

test.each(contractTypes.map((type) => [type.name, type] as const))(
  "%s has everything that clients rely on",
  (name, type) => {
    expect(describeType(schema.getType(name))).toEqual(expect.arrayContaining(describeType(type)));
  },
);

/** A line for everything that a client can see of a type. */
function describeType(type: GraphQLNamedType | undefined): string[] {
  if (isEnumType(type)) return type.getValues().map(({ name }) => name);
  if (isInputObjectType(type)) return Object.values(type.getFields()).map(describeArgument);
  if (!isObjectType(type)) return [String(type)];
  return Object.values(type.getFields()).flatMap((field) => [
    `${field.name}: ${String(field.type)}`,
    ...field.args.map((argument) => `${field.name}(${describeArgument(argument)})`),
  ]);
}

function describeArgument({
  name,
  type,
  defaultValue,
}: Pick<GraphQLArgument, "name" | "type" | "defaultValue">): string {
  return `${name}: ${String(type)} = ${JSON.stringify(defaultValue)}`;
}

test.each(exampleOperations)("GraphiQL's example is valid: %s", (operation) => {
  expect(validate(schema, parse(operation))).toEqual([]);
});

function without<Value>(table: Readonly<Record<string, Value>>, name: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(table).filter(([one]) => one !== name));
}

describe("the table of permissions", () => {
  test("fits the schema", () => {
    expect(() => withPermissions(schema)).not.toThrow();
  });

  test("is refused when a root field or a type has no entry", () => {
    const query = without(permissions.Query, "viewer");
    const others = without(permissions, "SyncAttempt");
    expect(() => withPermissions(schema, { ...permissions, Query: query })).toThrow("Query.viewer has no entry");
    expect(() => withPermissions(schema, others)).toThrow("SyncAttempt has no entry");
  });

  test("is refused when a root field leads to a type that asks for more than itself", () => {
    const query = { ...permissions.Query, appointment: isSignedIn };
    expect(() => withPermissions(schema, { ...permissions, Query: query })).toThrow(
      "Query.appointment leads to Appointment, which asks for more",
    );
  });

  test("is refused when it names what does not exist", () => {
    expect(() => withPermissions(schema, { ...permissions, Nothing: isManager })).toThrow("Nothing");
    const query = { ...permissions.Query, nothing: isManager };
    expect(() => withPermissions(schema, { ...permissions, Query: query })).toThrow("Query.nothing");
  });
});
