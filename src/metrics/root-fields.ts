import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from "graphql";
import type { RequestContext } from "../graphql/apollo.js";

/**
 * Notes which root fields a GraphQL request runs. Only a document that is valid comes so far, so they are names of the schema;
 * the client's own name of its operation, and its aliases, are not among them.
 */
export const noteRootFields: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation({ document, operation, contextValue }) {
        if (!operation) return Promise.resolve();
        const names = fieldNames(operation.selectionSet, fragmentsOf(document));
        contextValue.trace.rootFields.push(...new Set(names));
        return Promise.resolve();
      },
    }),
};

function fragmentsOf({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

/** Takes out each fragment as it looks into it: a name need not be told twice. */
function fieldNames({ selections }: SelectionSetNode, fragments: Map<string, FragmentDefinitionNode>): string[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection.name.value];
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldNames(selection.selectionSet, fragments);
    const fragment = fragments.get(selection.name.value);
    fragments.delete(selection.name.value);
    return fragment ? fieldNames(fragment.selectionSet, fragments) : [];
  });
}
