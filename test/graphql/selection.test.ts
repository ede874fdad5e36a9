import { describe, expect, test } from "@jest/globals";
import { buildSchema, graphql, type GraphQLResolveInfo } from "graphql";
import { isSelected } from "../../src/graphql/selection.js";

const schema = buildSchema(
  "type Query { status: Status } type Status { id: ID statistics: Statistics } type Statistics { total: Int pending: Int }",
);

async function asksForPending(selection: string): Promise<boolean | undefined> {
  let found: boolean | undefined;
  const status = (_args: object, _context: unknown, info: GraphQLResolveInfo) => {
    found = isSelected(info, "statistics", "pending");
    return null;
  };
  const { errors } = await graphql({ schema, source: selection, rootValue: { status } });
  expect(errors).toBeUndefined();
  return found;
}

describe("what a client asks for below a field is found", () => {
  test.each([
    ["{ status { statistics { pending } } }"],
    ["{ status { id } status { statistics { total } statistics { p: pending } } }"],
    ["{ status { s: statistics { ... on Statistics { pending } } } }"],
    ["{ status { ...one } } fragment one on Status { statistics { ...two } } fragment two on Statistics { pending }"],
    ["{ status { statistics { pending @skip(if: true) total } } }"],
  ])("in %s", async (selection) => {
    expect(await asksForPending(selection)).toBe(true);
  });

  test.each([
    ["{ status { id } }"],
    ["{ status { statistics { total } } }"],
    ["{ status { statistics { pending: total } } }"],
  ])("but not in %s", async (selection) => {
    expect(await asksForPending(selection)).toBe(false);
  });
});
