import { lexicographicSortSchema, printSchema, type GraphQLSchema } from "graphql";

/** The text of schema/schema.graphql: sorted, so that it does not depend on the order of files. */
export function printedSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
