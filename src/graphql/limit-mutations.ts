import type { ApolloServerPlugin, HTTPGraphQLHead } from "@apollo/server";
import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { isManager } from "../access/actor.js";
import { TooManyMutationsError, type MutationLimit } from "../access/mutation-limit.js";
import type { RequestContext } from "./apollo.js";

/**
 * Counts a mutation's root fields before any of them is executed; more than the user has left are answered with 429 and none is
 * executed. Who may not change anything is told so without being counted.
 */
export function limitMutations(limit: MutationLimit): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        async didResolveOperation({ document, operation, contextValue: { actor, isMutationCounted }, response }) {
          if (operation?.operation !== OperationTypeNode.MUTATION || isMutationCounted || !isManager(actor)) return;
          await limit.consume(actor, rootFieldsOf(operation, document)).catch((error: unknown) => {
            if (error instanceof TooManyMutationsError) refuse(response.http, error);
            throw error;
          });
        },
      }),
  };
}

function refuse(http: HTTPGraphQLHead, { retryAfterSeconds }: TooManyMutationsError): void {
  http.status = 429;
  http.headers.set("retry-after", String(retryAfterSeconds));
}

/**
 * How many fields a mutation executes: aliases one by one, and those of its fragments. Fields of the same name in the answer are one;
 * those that a directive skips count as well.
 */
function rootFieldsOf(operation: OperationDefinitionNode, { definitions }: DocumentNode): number {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  return new Set(answerNames(operation.selectionSet, fragments)).size;
}

/** Takes out each fragment as it looks into it, so that many spreads of one cost no more than one. */
function answerNames({ selections }: SelectionSetNode, fragments: Map<string, SelectionSetNode>): string[] {
  return selections.flatMap((selection) => {
    switch (selection.kind) {
      case Kind.FIELD:
        return selection.name.value.startsWith("__") ? [] : [(selection.alias ?? selection.name).value];
      case Kind.INLINE_FRAGMENT:
        return answerNames(selection.selectionSet, fragments);
      case Kind.FRAGMENT_SPREAD: {
        const inside = fragments.get(selection.name.value);
        fragments.delete(selection.name.value);
        return inside ? answerNames(inside, fragments) : [];
      }
    }
  });
}
