import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionNode } from "graphql";

/**
 * Whether the client asks for a field below the one that is being resolved, so that its value may be read in the same statement.
 * `path` holds names of the schema. A field that a directive leaves out counts as asked for.
 */
export function isSelected({ fieldNodes, fragments }: GraphQLResolveInfo, ...path: readonly string[]): boolean {
  let found: readonly FieldNode[] = fieldNodes;
  for (const name of path) {
    found = found
      .flatMap(({ selectionSet }) => fieldsOf(selectionSet?.selections ?? [], fragments))
      .filter((field) => field.name.value === name);
  }
  return found.length > 0;
}

function fieldsOf(selections: readonly SelectionNode[], fragments: GraphQLResolveInfo["fragments"]): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    const { selectionSet } =
      selection.kind === Kind.INLINE_FRAGMENT ? selection : (fragments[selection.name.value] ?? { selectionSet: null });
    return fieldsOf(selectionSet?.selections ?? [], fragments);
  });
}
