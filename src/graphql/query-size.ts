import {
  getArgumentValues,
  getNamedType,
  getVariableValues,
  isCompositeType,
  isUnionType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";

/** How much an operation asks for. What `__schema` and its like are asked for is left out: it costs what the schema costs, whatever is asked. */
export interface QuerySize {
  /** Fields below one another, the root's included. */
  depth: number;
  /** The greatest number of rows that one path may lead to: the product of the `first`s along it. */
  cost: number;
  aliases: number;
  rootFields: number;
}

type Size = Omit<QuerySize, "rootFields"> & { fields: number };

const nothing: Size = { depth: 0, cost: 1, aliases: 0, fields: 0 };

/** What several selections ask for together: as deep as the deepest, as dear as the dearest. */
function together(one: Size, other: Size): Size {
  return {
    depth: Math.max(one.depth, other.depth),
    cost: Math.max(one.cost, other.cost),
    aliases: one.aliases + other.aliases,
    fields: one.fields + other.fields,
  };
}

/** Measures a valid operation. A fragment is measured once, however often it is spread, and counted each time. */
export function querySize(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): QuerySize {
  const root = schema.getRootType(operation.operation);
  if (!root) return { depth: 0, cost: 1, aliases: 0, rootFields: 0 };
  // With the defaults that the operation gives them. Wrong ones are refused when it is executed, each with its name.
  const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  const measure = new Measure(schema, document, coerced);
  const { fields: rootFields, ...size } = measure.selections(operation.selectionSet, root);
  return { ...size, rootFields };
}

class Measure {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #measured = new Map<string, Size>();

  constructor(
    private readonly schema: GraphQLSchema,
    { definitions }: DocumentNode,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {
    for (const definition of definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  selections({ selections }: SelectionSetNode, parent: GraphQLCompositeType): Size {
    return selections.reduce<Size>((size, selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return together(size, this.#field(selection, parent));
        case Kind.INLINE_FRAGMENT: {
          const condition = selection.typeCondition?.name.value;
          return together(size, this.selections(selection.selectionSet, this.#type(condition) ?? parent));
        }
        case Kind.FRAGMENT_SPREAD:
          return together(size, this.#fragment(selection.name.value));
      }
    }, nothing);
  }

  #fragment(name: string): Size {
    const fragment = this.#fragments.get(name);
    const type = this.#type(fragment?.typeCondition.name.value);
    if (!fragment || !type) return nothing;
    const size = this.#measured.get(name) ?? this.selections(fragment.selectionSet, type);
    this.#measured.set(name, size);
    return size;
  }

  #field(node: FieldNode, parent: GraphQLCompositeType): Size {
    const aliases = node.alias ? 1 : 0;
    const field = isUnionType(parent) ? undefined : parent.getFields()[node.name.value];
    if (!field) return { ...nothing, aliases, fields: 1 };
    const type = getNamedType(field.type);
    const inner = node.selectionSet && isCompositeType(type) ? this.selections(node.selectionSet, type) : nothing;
    return {
      depth: inner.depth + 1,
      cost: inner.cost * this.#rows(field, node),
      aliases: inner.aliases + aliases,
      fields: 1,
    };
  }

  /** Arguments that are wrong are refused where they are executed, each with its name. */
  #rows(field: GraphQLField<unknown, unknown>, node: FieldNode): number {
    if (!field.args.some(({ name }) => name === "first")) return 1;
    try {
      const { first } = getArgumentValues(field, node, this.variables);
      return typeof first === "number" ? Math.max(1, first) : 1;
    } catch {
      return 1;
    }
  }

  #type(name: string | undefined): GraphQLCompositeType | null {
    const type = name === undefined ? undefined : this.schema.getType(name);
    return isCompositeType(type) ? type : null;
  }
}
