import {
  Kind,
  parse,
  visit,
  type ArgumentNode,
  type ASTNode,
  type GraphQLError,
  type VariableDefinitionNode,
} from "graphql";

const valueKinds: readonly string[] = [
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
];

/**
 * Whether graphql-js refused a value: one written in the document, or a variable's. `argument` is the argument that it was meant
 * for, null where that cannot be told. Null for every other error.
 */
export function refusedArgument(error: GraphQLError): { argument: string | null } | null {
  const [node] = error.nodes ?? [];
  if (!node) return null;
  if (node.kind === Kind.VARIABLE_DEFINITION)
    return isCoercion(error) ? { argument: argumentWithVariable(node) } : null;
  // A null variable shows only when its field is executed; before that, errors about variables are about the document.
  const isValue = valueKinds.includes(node.kind) || (node.kind === Kind.VARIABLE && error.path !== undefined);
  return isValue ? { argument: argumentAround(node) } : null;
}

/** Apollo's code for a variable whose value does not fit its type. */
function isCoercion(error: GraphQLError): boolean {
  return error.extensions["code"] === "BAD_USER_INPUT";
}

function argumentWithVariable(definition: VariableDefinitionNode): string | null {
  const variable = definition.variable.name.value;
  return findArgument(definition, (argument) => {
    let isUsed = false;
    visit(argument, {
      Variable: (node) => {
        isUsed ||= node.name.value === variable;
      },
    });
    return isUsed;
  });
}

function argumentAround(value: ASTNode): string | null {
  const { start, end } = value.loc ?? { start: 0, end: 0 };
  return findArgument(value, ({ loc }) => loc !== undefined && loc.start <= start && end <= loc.end);
}

/** The first argument of the document that fits. The document is read again: errors do not bring it along. */
function findArgument(node: ASTNode, fits: (argument: ArgumentNode) => boolean): string | null {
  if (!node.loc) return null;
  let found: string | null = null;
  visit(parse(node.loc.source.body), {
    Argument: (argument) => {
      if (fits(argument)) found ??= argument.name.value;
    },
  });
  return found;
}
