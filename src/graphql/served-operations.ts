import { GraphQLError, type ValidationRule } from "graphql";

/** Refuses a kind of operation that the schema does not have, which graphql-js 16 notices only when it executes it. */
export const servedOperations: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (context.getSchema().getRootType(node.operation)) return;
    context.reportError(new GraphQLError(`There is no ${node.operation}.`, { nodes: node }));
  },
});
